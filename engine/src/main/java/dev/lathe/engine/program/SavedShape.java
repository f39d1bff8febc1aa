package dev.lathe.engine.program;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.TensorNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * Where the matrices lie that are trained whole beside an adapter, PEFT's {@code modules_to_save},
 * or their rows of some tokens, its {@code trainable_token_indices}: the first values of the flat
 * vector, before the adapter's. The embedding, then a vocabulary head of its own and, if whole, its
 * bias. Tied embeddings are one matrix, which learns from both its uses.
 *
 * @param embedding whether the embedding is among them
 * @param head whether a head of its own is
 * @param firstRow the first token whose rows are trained, 0 where all are
 * @param rows how many are
 */
public record SavedShape(
    ModelConfig config, boolean embedding, boolean head, int firstRow, int rows) {
  /** Entries of the program's list of weights outside the layers. */
  private static final int OUTSIDE = 6;

  private static final int EMBEDDING = 0;
  private static final int HEAD = 4;
  private static final int HEAD_BIAS = 5;

  /**
   * One tensor of the model's files, or its rows that are trained.
   *
   * @param index of the program's weight that it is
   * @param at where it begins in the flat vector
   */
  @SuppressWarnings("ArrayRecordComponent") // a shape is never written to
  public record Part(int index, String name, long[] shape, int at) {
    public int size() {
      return Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
    }
  }

  public SavedShape {
    if (head && config.tiedEmbeddings()) {
      throw new IllegalArgumentException("a tied head is the embedding");
    }
    if ((embedding || head) && config.isEncoderDecoder()) {
      throw new IllegalArgumentException("of an encoder-decoder nothing is trained whole");
    }
    if (firstRow < 0 || rows < 1 || firstRow + rows > config.vocabSize()) {
      throw new IllegalArgumentException(
          "no rows of %d: %d from %d".formatted(config.vocabSize(), rows, firstRow));
    }
  }

  /** Whole matrices. */
  public SavedShape(ModelConfig config, boolean embedding, boolean head) {
    this(config, embedding, head, 0, config.vocabSize());
  }

  /** The rows of some tokens, in the embedding and in a head of its own. */
  public static SavedShape rows(ModelConfig config, int first, int count) {
    return new SavedShape(config, true, !config.tiedEmbeddings(), first, count);
  }

  /** Whether whole matrices are trained, not some rows. */
  public boolean isWhole() {
    return rows == config.vocabSize();
  }

  public static SavedShape none(ModelConfig config) {
    return new SavedShape(config, false, false);
  }

  /** Whether an embedding that is the head too is trained whole. */
  public boolean isTiedWhole() {
    return embedding && isWhole() && config.tiedEmbeddings();
  }

  public boolean isEmpty() {
    return !embedding && !head;
  }

  /** In the order in which they lie. */
  public List<Part> parts() {
    var parts = new ArrayList<Part>();
    if (embedding) {
      add(parts, EMBEDDING, config.block().names().embeddings());
    }
    if (head) {
      add(parts, HEAD, TensorNames.head("weight"));
    }
    if (head && isWhole() && config.block().biases().head()) {
      add(parts, HEAD_BIAS, TensorNames.head("bias"));
    }
    return parts;
  }

  private void add(List<Part> parts, int index, String name) {
    long[] shape = Objects.requireNonNull(config.tensors().get(name), name).clone();
    shape[0] = rows;
    int at = parts.isEmpty() ? 0 : Math.addExact(parts.getLast().at(), parts.getLast().size());
    parts.add(new Part(index, name, shape, at));
  }

  /** Values of all of them. */
  public int size() {
    var parts = parts();
    return parts.isEmpty() ? 0 : Math.addExact(parts.getLast().at(), parts.getLast().size());
  }

  /** Where each of the program's weights outside the layers lies; -1 where it is not trained. */
  List<Integer> offsets() {
    var offsets = new ArrayList<>(Collections.nCopies(OUTSIDE, -1));
    parts().forEach(p -> offsets.set(p.index(), p.at()));
    if (config.tiedEmbeddings()) {
      offsets.set(HEAD, offsets.get(EMBEDDING));
    }
    return offsets;
  }

  /** Whether the program has no use for one of its weights, because this stands in its place. */
  public boolean replaces(int index) {
    return isWhole() && parts().stream().anyMatch(p -> p.index() == index);
  }
}
