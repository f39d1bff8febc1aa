package dev.lathe.datasets.tokens;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A base's {@code tokenizer.json}, as Hugging Face's own tokenizers library reads it.
 *
 * <p>Adds no special tokens of its own (the chat template writes them into the text), truncates
 * nothing and pads nothing. Safe for use by several threads at once until it is closed.
 */
public final class Tokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final long handle;
  private final Vocabulary vocabulary;
  private final String sha256;

  private Tokenizer(HuggingFaceTokenizer tokenizer, Vocabulary vocabulary, String sha256) {
    this.tokenizer = tokenizer;
    this.handle = tokenizer.getHandle();
    this.vocabulary = vocabulary;
    this.sha256 = sha256;
  }

  /**
   * @param file a {@code tokenizer.json}
   * @throws BadInput where there is none, or it cannot be read as one
   */
  public static Tokenizer open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new BadInput("no tokenizer", file.toString(), "A base's folder holds tokenizer.json.");
    }
    var vocabulary = Vocabulary.read(file);
    try {
      // Told explicitly, because a tokenizer.json may carry truncation and padding settings.
      var options = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
      var opened = HuggingFaceTokenizer.newInstance(file, options);
      return new Tokenizer(opened, vocabulary, Sha256.of(file));
    } catch (IOException | RuntimeException e) {
      throw new BadInput(
          "not a tokenizer that can be read: " + e.getMessage(),
          file.toString(),
          "Pull the base again.",
          e);
    }
  }

  /** The text's tokens with the characters that each came from. */
  public Encoded encode(String text) {
    var wellFormed = wellFormed(text);
    // DJL's own Encoding copies nine arrays out of the native one; only two are needed here.
    long encoding = TokenizersLibrary.LIB.encode(handle, wellFormed, false);
    long[] ids;
    CharSpan[] spans;
    try {
      ids = TokenizersLibrary.LIB.getTokenIds(encoding);
      spans = TokenizersLibrary.LIB.getTokenCharSpans(encoding);
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
    var offsets = new CodePointOffsets(wellFormed);
    int[] narrow = new int[ids.length];
    int[] starts = new int[ids.length];
    int[] ends = new int[ids.length];
    int last = 0;
    for (int i = 0; i < ids.length; i++) {
      narrow[i] = Math.toIntExact(ids[i]);
      // A token without characters of its own stands where the one before it ended.
      starts[i] = spans[i] == null ? last : offsets.toUtf16(spans[i].getStart());
      ends[i] = spans[i] == null ? last : offsets.toUtf16(spans[i].getEnd());
      last = ends[i];
    }
    return new Encoded(narrow, starts, ends);
  }

  /** The text of these tokens, special tokens written out. */
  public String decode(int[] ids) {
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      vocabulary.token(ids[i]);
      wide[i] = ids[i];
    }
    return tokenizer.decode(wide, false);
  }

  /**
   * The token as the vocabulary spells it (byte-level vocabularies write a space as {@code Ġ}).
   *
   * @throws IllegalArgumentException for an id outside the vocabulary
   */
  public String token(int id) {
    return vocabulary.token(id);
  }

  /** The id of a token spelled as in the vocabulary, {@code <|im_end|>} for instance. */
  public OptionalInt idOf(String token) {
    return vocabulary.idOf(token);
  }

  /** The highest id there is, plus one; added tokens count. */
  public int vocabSize() {
    return vocabulary.size();
  }

  /** The hash of the file; a dataset version is bound to it. */
  public String sha256() {
    return sha256;
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  /**
   * The native library takes UTF-8, which has no lone surrogates: each becomes U+FFFD, one unit for
   * one, so that offsets hold.
   */
  private static String wellFormed(String text) {
    StringBuilder mended = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      mended = mended == null ? new StringBuilder(text) : mended;
      mended.setCharAt(i, '\uFFFD');
    }
    return mended == null ? text : mended.toString();
  }

  /** The native library counts code points, Java UTF-16 units. */
  private static final class CodePointOffsets {
    private final int[] units;

    CodePointOffsets(String text) {
      int points = text.codePointCount(0, text.length());
      units = points == text.length() ? new int[0] : new int[points + 1];
      for (int i = 0, at = 0; i < units.length; i++) {
        units[i] = at;
        at += at < text.length() && Character.isHighSurrogate(text.charAt(at)) ? 2 : 1;
      }
    }

    int toUtf16(int codePoint) {
      return units.length == 0 ? codePoint : units[codePoint];
    }
  }
}
