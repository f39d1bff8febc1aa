package dev.lathe.engine.program;

import dev.lathe.checkpoints.bases.Block;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.TensorNames;
import dev.lathe.checkpoints.input.BadInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * Where every weight of a model lies in the one flat vector that full fine-tuning trains: first the
 * matrices, then the vectors (norms and biases, which do not decay), each in the order of the
 * program's list of weights (layer.py). A tied head lies where the embedding does.
 *
 * @param parts every tensor of the model, in the vector's order
 */
public record FullShape(ModelConfig config, List<Part> parts) {
  private static final int OUTSIDE = 6;
  private static final int EACH_LAYER = 15;

  /** More does not fit the indices, nor what this is for. */
  private static final long MOST = Integer.MAX_VALUE;

  /**
   * A tensor of the model's files.
   *
   * @param index of the program's weight that it is, or is stacked in
   * @param rows of the matrix as the program has it; of a vector its length
   * @param columns 1 for a vector
   * @param at where it begins
   * @param turned whether its file has it as (columns, rows)
   * @param added what the program multiplies with is the file's value and so much
   */
  public record Part(
      int index, String name, int rows, int columns, int at, boolean turned, int added) {
    public int size() {
      return rows * columns;
    }

    boolean isMatrix() {
      return columns > 1;
    }
  }

  public FullShape {
    parts = List.copyOf(parts);
  }

  /**
   * @throws BadInput for a model that is too large to be trained whole
   */
  public static FullShape of(ModelConfig config) {
    long values = config.tensors().values().stream().mapToLong(FullShape::count).sum();
    if (values > MOST) {
      throw new BadInput(
          "the base is too large to be trained whole",
          "%,d weights, at most %,d".formatted(values, MOST),
          "Set adapter=lora.");
    }
    var shape = new Listing(config);
    var parts = new ArrayList<Part>();
    int at = 0;
    for (boolean matrices : List.of(true, false)) {
      for (var part : shape.listed) {
        if (part.isMatrix() == matrices) {
          parts.add(
              new Part(
                  part.index, part.name, part.rows, part.columns, at, part.turned, part.added));
          at += part.size();
        }
      }
    }
    return new FullShape(config, parts);
  }

  /** Weights of the whole model. */
  public int size() {
    return parts.getLast().at() + parts.getLast().size();
  }

  /** Where the vectors begin. */
  public int matrices() {
    return parts.stream().filter(Part::isMatrix).mapToInt(Part::size).sum();
  }

  /** Entries of the program's list of weights. */
  public int listed() {
    return OUTSIDE + EACH_LAYER * config.layers();
  }

  /** What is stacked in one entry of the list; empty where the family has none. */
  public List<Part> at(int index) {
    return parts.stream().filter(p -> p.index == index).toList();
  }

  /** Where every entry begins, as the program indexes them; -1 where the family has none. */
  public List<Integer> offsets() {
    var offsets = new ArrayList<>(Collections.nCopies(listed(), -1));
    for (var part : parts.reversed()) {
      offsets.set(part.index, part.at);
    }
    if (config.tiedEmbeddings()) {
      offsets.set(4, offsets.getFirst());
    }
    return offsets;
  }

  /** Whether an entry has the heads' norms, which it repeats for every head. */
  public boolean isHeadNorms(int index) {
    return config.block().headNorms() && index >= OUTSIDE && (index - OUTSIDE) % EACH_LAYER == 12;
  }

  private static long count(long[] shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  /** All tensors in the order of the program's list. */
  private static final class Listing {
    private final ModelConfig config;
    private final Block block;
    private final TensorNames names;
    private final List<Part> listed = new ArrayList<>();

    Listing(ModelConfig config) {
      this.config = config;
      this.block = config.block();
      this.names = block.names();
      var biases = block.biases();
      add(0, names.embeddings());
      addIf(block.learnedPositions(), 1, names.learnedPositions());
      norm(2, names.last("weight"));
      addIf(block.layerNorm(), 3, names.last("bias"));
      addIf(!config.tiedEmbeddings(), 4, TensorNames.head("weight"));
      addIf(biases.head(), 5, TensorNames.head("bias"));
      for (int i = 0; i < config.layers(); i++) {
        int at = OUTSIDE + EACH_LAYER * i;
        for (int n = 0; n < names.norms().size(); n++) {
          norm(at + 6 * n, names.weight(i, names.norms().get(n)));
          addIf(block.layerNorm(), at + 6 * n + 1, names.bias(i, names.norms().get(n)));
        }
        linear(i, at + 2, names.query(), biases.qkv());
        linear(i, at + 4, List.of(names.out()), biases.out());
        linear(i, at + 8, names.inner(), biases.inner());
        linear(i, at + 10, List.of(names.down()), biases.down());
        for (var head : block.headNorms() ? names.heads() : List.<String>of()) {
          norm(at + 12, names.weight(i, head));
        }
        for (int n = 0; block.sandwich() && n < names.added().size(); n++) {
          norm(at + 13 + n, names.weight(i, names.added().get(n)));
        }
      }
      listed.sort(Comparator.comparingInt(Part::index));
    }

    private void linear(int layer, int index, List<String> parts, boolean biased) {
      for (var part : parts) {
        add(index, names.weight(layer, part), names.transposed(), 0);
      }
      for (var part : parts) {
        addIf(biased, index + 1, names.bias(layer, part));
      }
    }

    private void norm(int index, String name) {
      add(index, name, false, block.shiftedNorms() ? 1 : 0);
    }

    private void addIf(boolean there, int index, String name) {
      if (there) {
        add(index, name);
      }
    }

    private void add(int index, String name) {
      add(index, name, false, 0);
    }

    private void add(int index, String name, boolean turned, int added) {
      long[] shape = Objects.requireNonNull(config.tensors().get(name), name);
      int rows = Math.toIntExact(shape[0]);
      int columns = shape.length > 1 ? Math.toIntExact(shape[1]) : 1;
      listed.add(
          new Part(
              index, name, turned ? columns : rows, turned ? rows : columns, 0, turned, added));
    }
  }
}
