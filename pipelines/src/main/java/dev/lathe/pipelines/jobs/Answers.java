package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.training.AnswersMain;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
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
   * @param maxTokens of one answer
   */
  public record AnswerRequest(
      String base, @Nullable Path adapter, List<String> prompts, int maxTokens) {
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
  }

  /**
   * @param done told how many of the prompts are answered
   * @return the answers in the prompts' order
   */
  public List<String> run(AnswerRequest request, LongConsumer done) {
    var adapter = request.adapter() == null ? null : request.adapter().toString();
    return Worker.run(
            AnswersMain.class.getName(),
            new AnswersMain.Request(
                bases.toString(), request.base(), adapter, request.prompts(), request.maxTokens()),
            AnswersMain.Result.class,
            step -> done.accept(step.done()))
        .answers();
  }
}
