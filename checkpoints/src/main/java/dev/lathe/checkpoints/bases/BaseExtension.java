package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes a base with more tokens of one that is here: the same weights, with a row in the embeddings
 * (and in a vocabulary head of its own) for every new token, a tokenizer that knows them, and a
 * record of what it was made of. It is a base like any other, with a hash of its own.
 */
public final class BaseExtension {
  private static final String CONFIG = "config.json";
  private static final String TEMPLATE = "chat_template.jinja";

  private final BaseStore store;

  public BaseExtension(BaseStore store) {
    this.store = store;
  }

  /**
   * Returns the base that is there when it was made of the same weights with the same tokens.
   *
   * @param from name of a base that is here
   * @param to the new one's name
   * @param template its chat template; null keeps the old one
   * @throws BadInput when there is no such base, the name is another's, or a token is known already
   */
  public Base extend(String from, AddedTokens tokens, String to, @Nullable String template) {
    var base = store.require(from);
    if (base.config().isEncoderDecoder()) {
      throw new BadInput(
          "tokens cannot be added to an encoder-decoder", from, "Take a decoder, such as a Llama.");
    }
    if (Catalogue.names().contains(to)) {
      throw new BadInput(
          "this name means a base that can be pulled", to, "Give the new one a name of its own.");
    }
    synchronized (BaseExtension.class) { // two requests at once must not write one folder
      var there = existing(base, tokens, to, template);
      return there.isPresent() ? there.get() : made(base, tokens, to, template);
    }
  }

  private Optional<Base> existing(
      Base base, AddedTokens tokens, String to, @Nullable String template) {
    var there = store.find(to);
    if (there.isPresent()) {
      var extension = store.record(to).extension();
      boolean same =
          extension != null
              && extension.weightsSha256().equals(base.weightsSha256())
              && new AddedTokens(extension.tokens(), extension.special()).equals(tokens)
              && text(there.get().chatTemplate())
                  .equals(template == null ? text(base.chatTemplate()) : template);
      if (!same) {
        throw new BadInput(
            "another base has this name",
            to + " (" + there.get().source() + ")",
            "Give another name, or remove it first: ./lathe bases remove " + to);
      }
    }
    return there;
  }

  private Base made(Base base, AddedTokens tokens, String to, @Nullable String template) {
    var tokenizer = TokenizerExtension.of(base.folder(), tokens);
    if (tokenizer.firstId() > base.config().vocabSize()) {
      throw new BadInput(
          "the base has fewer embeddings than tokens",
          "%s: %,d and %,d".formatted(base.name(), base.config().vocabSize(), tokenizer.firstId()),
          "Pull it again.");
    }
    var aside = store.aside(to);
    try {
      Durable.deleteTree(aside);
      Files.createDirectories(aside);
      write(base, tokens, tokenizer, template, aside);
      var extension =
          new BaseRecord.Extension(
              base.name(),
              base.weightsSha256(),
              tokens.tokens(),
              tokens.special(),
              tokenizer.firstId());
      return store.adopt(aside, to, source(base, tokens), List.of(), extension);
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, aside);
    } catch (UncheckedIOException e) {
      throw DiskFull.orUnchecked(Objects.requireNonNull(e.getCause()), aside);
    }
  }

  private static String source(Base base, AddedTokens tokens) {
    return "extended from %s (weights %s) with the tokens %s"
        .formatted(
            base.name(), base.weightsSha256().substring(0, 12), String.join(", ", tokens.tokens()));
  }

  private static void write(
      Base base,
      AddedTokens tokens,
      TokenizerExtension tokenizer,
      @Nullable String template,
      Path aside)
      throws IOException {
    for (var name : BaseLayout.BESIDE) {
      var file = base.folder().resolve(name);
      if (Files.exists(file)) {
        Files.copy(file, aside.resolve(name));
      }
    }
    tokenizer.write(aside, template != null);
    if (template != null) {
      Durable.write(aside.resolve(TEMPLATE), template);
    }
    int rows = Math.max(base.config().vocabSize(), tokenizer.size());
    Durable.write(
        aside.resolve(CONFIG),
        HuggingFaceJson.text(JsonFile.read(base.folder().resolve(CONFIG)).put("vocab_size", rows)));
    try (var weights = base.weights()) {
      var growth = new Growth(base, weights, tokens, tokenizer.firstId(), template);
      if (ServedBase.ownFile(base).isPresent()) {
        growth.ofGguf(aside);
      } else {
        growth.ofSafetensors(aside);
      }
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
