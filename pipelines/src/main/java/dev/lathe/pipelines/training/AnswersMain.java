package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.tokens.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A worker process that answers prompts greedily, with a base alone or with an adapter on it. */
public final class AnswersMain {
  /**
   * In bfloat16 the best two tokens often tie: its logits are an eighth apart at 20. An answer
   * should be the model's, not the rounding's.
   */
  private static final Recipe EXACT = Recipe.of(Map.of("precision", "fp32"));

  private AnswersMain() {}

  /**
   * @param bases the home's folder of bases
   * @param adapter a PEFT directory, or null for the base alone
   * @param prompts conversations to be answered
   */
  public record Request(
      String bases,
      String base,
      @Nullable String adapter,
      List<List<Turn>> prompts,
      int maxTokens) {}

  /**
   * What somebody said.
   *
   * @param role as templates name it
   */
  public record Turn(String role, String content) {
    private Message message() {
      return Message.of(Role.valueOf(role.toUpperCase(Locale.ROOT)), content);
    }
  }

  /**
   * The answers in the prompts' order.
   *
   * @param ended whether the model ended each, not the limit
   * @param tokens they have together
   */
  public record Result(List<String> answers, List<Boolean> ended, long tokens) {}

  public static void main(String[] arguments) {
    WorkerIo.serve(Request.class, AnswersMain::answer);
  }

  static Result answer(Request request) {
    var base = new BaseStore(Path.of(request.bases())).require(request.base());
    var template = ChatTemplate.of(base);
    try (var tokenizer = Tokenizer.open(base.tokenizer());
        var model = LoadedModel.open(base, request.adapter(), EXACT)) {
      var prompts = new ArrayList<int[]>();
      for (var prompt : request.prompts()) {
        var text = template.render(prompt.stream().map(Turn::message).toList(), List.of(), true);
        int[] ids = tokenizer.encode(text).ids();
        if (ids.length + request.maxTokens() > base.config().maxPositions()) {
          throw new BadInput(
              "A prompt and its answer do not fit the model's "
                  + base.config().maxPositions()
                  + " positions",
              ids.length + " tokens",
              "Shorten the prompt.");
        }
        prompts.add(ids);
      }
      var found =
          Answering.of(
              model.decoder(),
              prompts,
              request.maxTokens(),
              done -> WorkerIo.progress("answers", done, prompts.size()));
      return new Result(
          found.stream().map(ids -> tokenizer.decode(ids).strip()).toList(),
          found.stream().map(ids -> ids.length < request.maxTokens()).toList(),
          found.stream().mapToLong(ids -> ids.length).sum());
    }
  }
}
