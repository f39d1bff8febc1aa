package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.training.AnswersMain;
import dev.lathe.pipelines.training.AnswersMain.Turn;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Greedy answers of a base, or of an adapter on it, in a process of their own. */
public final class Answers {
  private static final int MOST_PROMPTS = 10_000;

  private final Path bases;

  /**
   * @param bases the home's folder of bases
   */
  public Answers(Path bases) {
    this.bases = bases;
  }

  /**
   * @param adapter a PEFT directory, or null for the base alone
   * @param prompts conversations to be answered
   * @param maxTokens of one answer
   */
  public record AnswerRequest(
      String base, @Nullable Path adapter, List<List<Message>> prompts, int maxTokens) {
    public AnswerRequest {
      prompts = List.copyOf(prompts);
      if (prompts.isEmpty() || prompts.size() > MOST_PROMPTS) {
        throw new BadInput(
            "Answers need between 1 and " + MOST_PROMPTS + " prompts",
            Integer.toString(prompts.size()),
            "Send some of them.");
      }
      if (maxTokens < 1) {
        throw new BadInput(
            "An answer has at least one token", Integer.toString(maxTokens), "Set maxTokens.");
      }
    }

    /** Prompts of one user's turn each. */
    public static AnswerRequest ofTexts(
        String base, @Nullable Path adapter, List<String> prompts, int maxTokens) {
      var conversations = prompts.stream().map(p -> List.of(Message.of(Role.USER, p))).toList();
      return new AnswerRequest(base, adapter, conversations, maxTokens);
    }
  }

  /**
   * @param ended whether the model ended it, not the limit
   */
  public record Answered(String text, boolean ended) {}

  /**
   * @param done told how many of the prompts are answered
   * @return the answers in the prompts' order
   */
  public List<Answered> run(AnswerRequest request, LongConsumer done) {
    var adapter = request.adapter() == null ? null : request.adapter().toString();
    var prompts =
        request.prompts().stream()
            .map(c -> c.stream().map(m -> new Turn(m.role().wire(), m.content())).toList())
            .toList();
    var result =
        Worker.run(
            AnswersMain.class.getName(),
            new AnswersMain.Request(
                bases.toString(), request.base(), adapter, prompts, request.maxTokens()),
            AnswersMain.Result.class,
            step -> done.accept(step.done()));
    return IntStream.range(0, prompts.size())
        .mapToObj(i -> new Answered(result.answers().get(i), result.ended().get(i)))
        .toList();
  }
}
