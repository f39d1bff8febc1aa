package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.generation.Greedy;
import java.util.ArrayList;
import java.util.List;

/**
 * What the adapter answers to a few prompts while it is trained: greedily, so that the same adapter
 * always gives the same answers and nothing is drawn that training could miss.
 */
final class Samples implements AutoCloseable {
  private final List<String> prompts;
  private final List<int[]> tokens;
  private final int most;
  private final Tokenizer tokenizer;

  private Samples(List<String> prompts, List<int[]> tokens, int most, Tokenizer tokenizer) {
    this.prompts = prompts;
    this.tokens = tokens;
    this.most = most;
    this.tokenizer = tokenizer;
  }

  /** A prompt and what came back. */
  record Sample(String prompt, String answer) {}

  /**
   * Reads the recipe's prompts with the base's template and tokenizer.
   *
   * @throws BadInput when one of them with its answer is longer than the base reads
   */
  static Samples of(Recipe recipe, Base base) {
    var template = ChatTemplate.of(base);
    var tokenizer = Tokenizer.open(base.tokenizer());
    var tokens = new ArrayList<int[]>();
    for (var prompt : recipe.samplePrompts()) {
      var text = template.render(List.of(Message.of(Role.USER, prompt)), List.of(), true);
      int[] ids = tokenizer.encode(text).ids();
      if (ids.length + recipe.sampleTokens() > base.config().maxPositions()) {
        tokenizer.close();
        throw new BadInput(
            "samplePrompts: a prompt and its answer do not fit the model's "
                + base.config().maxPositions()
                + " positions",
            ids.length + " + " + recipe.sampleTokens() + " tokens",
            "Shorten the prompt, or lower sampleTokens.");
      }
      tokens.add(ids);
    }
    return new Samples(recipe.samplePrompts(), tokens, recipe.sampleTokens(), tokenizer);
  }

  /** The answers of the adapter as it stands, in the prompts' order. */
  List<Sample> taken(Decoder decoder) {
    var answers = Greedy.answers(decoder, tokens, most, done -> {});
    var samples = new ArrayList<Sample>();
    for (int i = 0; i < prompts.size(); i++) {
      samples.add(new Sample(prompts.get(i), tokenizer.decode(answers.get(i)).strip()));
    }
    return samples;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
