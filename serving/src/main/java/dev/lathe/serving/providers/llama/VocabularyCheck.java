package dev.lathe.serving.providers.llama;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.serving.providers.llama.library.LlamaModel;

/**
 * Prompts are encoded by the base's tokenizer.json and answers decoded by the GGUF's vocabulary:
 * they must be one.
 */
final class VocabularyCheck {
  private VocabularyCheck() {}

  /**
   * @throws BadInput where a token differs
   */
  static void same(LlamaModel model, Tokenizer tokenizer, EngineSpec spec) {
    int size = tokenizer.vocabSize();
    if (size > model.vocabularySize()) {
      throw differs(spec, size + " tokens, and " + model.vocabularySize() + " in " + spec.gguf());
    }
    for (int id = 0; id < size; id++) {
      var spelled = tokenizer.token(id);
      if (!spelled.isEmpty() && !spelled.equals(model.token(id))) {
        throw differs(spec, "token " + id + " is " + spelled + ", not " + model.token(id));
      }
    }
  }

  private static BadInput differs(EngineSpec spec, String how) {
    return new BadInput(
        "the tokenizer of " + spec.base() + " is not that of the model's file",
        how,
        "Pull the base again.");
  }
}
