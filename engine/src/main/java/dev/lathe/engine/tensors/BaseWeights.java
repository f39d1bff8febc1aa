package dev.lathe.engine.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.Block;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.T5Names;
import dev.lathe.checkpoints.bases.TensorNames;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.SavedShape;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A base's weights in the order in which the program reads them (fast.py says which). Stacking
 * costs nothing: rows of matrices with the same input lie one after another.
 */
public final class BaseWeights {
  private final NDList arrays;

  private BaseWeights(
      Program program,
      Weights weights,
      ModelConfig c,
      SavedShape saved,
      Packing packing,
      Precision precision) {
    var in = new Reader(program, weights, packing, precision);
    this.arrays =
        Program.list("w", c.isEncoderDecoder() ? encoderDecoder(in, c) : decoder(in, c, saved));
  }

  /** As layer.py has it. */
  private static List<NDArray> decoder(Reader in, ModelConfig c, SavedShape saved) {
    var block = c.block();
    var names = block.names();
    var biases = block.biases();
    var list = new ArrayList<NDArray>();
    list.add(saved.replaces(0) ? in.none() : in.stacked(names.embeddings()));
    list.add(block.learnedPositions() ? in.stacked(names.learnedPositions()) : in.none());
    list.add(in.norm(block, names.last("weight")));
    list.add(block.layerNorm() ? in.stacked(names.last("bias")) : in.none());
    list.add(
        c.tiedEmbeddings()
            ? list.getFirst()
            : saved.replaces(4) ? in.none() : in.stacked(TensorNames.head("weight")));
    list.add(
        biases.head() && !saved.replaces(5) ? in.stacked(TensorNames.head("bias")) : in.none());
    for (int i = 0; i < c.layers(); i++) {
      in.norm(list, block, i, 0);
      in.linear(list, names, i, names.query(), biases.qkv());
      in.linear(list, names, i, List.of(names.out()), biases.out());
      in.norm(list, block, i, 1);
      in.linear(list, names, i, names.inner(), biases.inner());
      in.linear(list, names, i, List.of(names.down()), biases.down());
      list.add(block.headNorms() ? in.headNorms(c, i) : in.none());
      list.add(
          block.sandwich() ? in.norm(block, names.weight(i, names.added().get(0))) : in.none());
      list.add(
          block.sandwich() ? in.norm(block, names.weight(i, names.added().get(1))) : in.none());
    }
    list.addAll(in.packedArrays());
    return list;
  }

  /** As t5.py has it. */
  private static List<NDArray> encoderDecoder(Reader in, ModelConfig c) {
    var list = new ArrayList<NDArray>();
    list.add(in.stacked(T5Names.SHARED));
    list.add(c.tiedEmbeddings() ? list.getFirst() : in.stacked(TensorNames.head("weight")));
    list.add(in.stacked(T5Names.lastNorm("encoder")));
    list.add(in.stacked(T5Names.lastNorm("decoder")));
    list.add(in.stacked(T5Names.distances("encoder")));
    list.add(in.stacked(T5Names.distances("decoder")));
    for (int i = 0; i < c.layers(); i++) {
      list.add(in.stacked(T5Names.norm(c, i)));
      list.add(in.slots(c, i, 0, 2));
      list.add(in.slots(c, i, 3, 3));
      list.add(in.stacked(T5Names.innerNorm(c, i)));
      list.add(in.slots(c, i, 4, 5));
      list.add(in.slots(c, i, 6, 6));
    }
    for (int i = 0; i < c.layers(); i++) {
      if (c.has(i, c.projections().getLast())) {
        list.add(in.stacked(T5Names.crossNorm(c, i)));
        list.add(in.slots(c, i, 7, 7));
        list.add(in.slots(c, i, 8, 9));
        list.add(in.slots(c, i, 10, 10));
      }
    }
    return list;
  }

  /**
   * Reads every tensor the program needs; nothing else of the file is touched.
   *
   * @param saved what is trained whole, and is not wanted here
   */
  public static BaseWeights read(
      Program program,
      Weights weights,
      ModelConfig config,
      SavedShape saved,
      Packing packing,
      Precision precision) {
    return new BaseWeights(program, weights, config, saved, packing, precision);
  }

  /** As the program's first argument. */
  public NDList arrays() {
    return arrays;
  }

  private static final class Reader {
    private final Program program;
    private final Weights weights;
    private final Precision precision;
    private final Weights.As stored;
    private final @Nullable PackedMatrices packed;
    private @Nullable NDArray none;

    Reader(Program program, Weights weights, Packing packing, Precision precision) {
      this.program = program;
      this.weights = weights;
      this.packed =
          packing == Packing.NONE ? null : new PackedMatrices(program, weights, packing, precision);
      this.precision = precision;
      this.stored =
          switch (precision) {
            case BF16 -> Weights.As.BF16;
            case FP16 -> Weights.As.F16;
            case FP32, FP64 -> Weights.As.F32;
          };
    }

    /** What the codes of a packed base want, after all layers. */
    List<NDArray> packedArrays() {
      return packed == null ? List.of() : packed.arrays();
    }

    /** What a family does not have. */
    NDArray none() {
      if (none == null) {
        try (var empty = program.manager().zeros(new Shape(0))) {
          none = program.convert(empty, precision, program.manager());
        }
      }
      return none;
    }

    /** A norm before attention (0) or before the feed-forward (1), and its bias. */
    void norm(List<NDArray> list, Block block, int layer, int which) {
      var names = block.names();
      if (which < names.norms().size()) {
        var name = names.norms().get(which);
        list.add(norm(block, names.weight(layer, name)));
        list.add(block.layerNorm() ? stacked(names.bias(layer, name)) : none());
      } else {
        list.add(none());
        list.add(none());
      }
    }

    /** A norm's weight as it is multiplied with. */
    NDArray norm(Block block, String name) {
      var weight = stacked(name);
      if (!block.shiftedNorms()) {
        return weight;
      }
      try (weight) {
        var shifted = weight.add(1);
        shifted.attach(program.manager());
        return shifted;
      }
    }

    /** Layers that read the same, stacked, and their biases. */
    void linear(
        List<NDArray> list, TensorNames names, int layer, List<String> parts, boolean bias) {
      var of = parts.stream().map(p -> names.weight(layer, p)).toArray(String[]::new);
      if (packed == null) {
        list.add(names.transposed() ? transposed(of[0]) : stacked(of));
      } else {
        list.add(packed.codes(List.of(of), names.transposed()));
      }
      list.add(
          bias
              ? stacked(parts.stream().map(p -> names.bias(layer, p)).toArray(String[]::new))
              : none());
    }

    /** A layer's projections of neighbouring slots, stacked. */
    NDArray slots(ModelConfig c, int layer, int first, int last) {
      return stacked(
          c.projections().stream()
              .filter(p -> p.slot() >= first && p.slot() <= last)
              .map(p -> c.module(layer, p) + ".weight")
              .toArray(String[]::new));
    }

    /** The norm of every head of q and k, (heads + kv, D): the program multiplies all at once. */
    NDArray headNorms(ModelConfig c, int layer) {
      var names = c.block().names();
      try (var q = norm(c.block(), names.weight(layer, names.heads().get(0)));
          var k = norm(c.block(), names.weight(layer, names.heads().get(1)));
          var qs = q.expandDims(0).repeat(0, c.heads());
          var ks = k.expandDims(0).repeat(0, c.keyValueHeads())) {
        var both = qs.concat(ks, 0);
        both.attach(program.manager());
        return both;
      }
    }

    /** A matrix that its file holds as (in, out), as (out, in). */
    private NDArray transposed(String name) {
      try (var stored = stacked(name);
          var turned = stored.transpose()) {
        return program.convert(turned.duplicate(), precision, program.manager());
      }
    }

    /** One array out of several with the same columns, their rows one below another. */
    NDArray stacked(String... names) {
      var shapes = List.of(names).stream().map(weights::shape).toList();
      long rows = shapes.stream().mapToLong(s -> s[0]).sum();
      long columns = shapes.getFirst().length > 1 ? shapes.getFirst()[1] : 1;
      long[] shape = shapes.getFirst().length > 1 ? new long[] {rows, columns} : new long[] {rows};
      try (var staging = Arena.ofConfined()) {
        var bytes = staging.allocate(rows * columns * stored.bytes(), Long.BYTES);
        long at = 0;
        for (int i = 0; i < names.length; i++) {
          long length = shapes.get(i)[0] * columns * stored.bytes();
          weights.read(names[i], stored, bytes.asSlice(at, length));
          at += length;
        }
        return onDevice(bytes.asByteBuffer(), shape);
      }
    }

    private NDArray onDevice(ByteBuffer bytes, long[] shape) {
      NDManager manager = program.manager();
      try (var raw = manager.create(bytes, new Shape(bytes.capacity()), DataType.UINT8)) {
        var type = precision == Precision.FP64 ? Precision.FP32 : precision;
        var array = program.view(raw, type, shape);
        if (precision != Precision.FP64) {
          return array;
        }
        try (array) {
          return program.convert(array, precision, manager);
        }
      }
    }
  }
}
