package dev.lathe.engine.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Weights;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A base's weights in the order in which the program reads them: embedding, final norm, vocabulary
 * head, then per layer norm, q|k|v stacked, o, norm, gate|up stacked, down. Stacking costs nothing:
 * rows of matrices with the same input lie one after another.
 */
public final class BaseWeights {
  private final NDList arrays;

  private BaseWeights(Program program, Weights weights, ModelConfig c, Precision precision) {
    var list = new ArrayList<NDArray>();
    var in = new Reader(program, weights, precision);
    list.add(in.stacked("model.embed_tokens.weight"));
    list.add(in.stacked("model.norm.weight"));
    list.add(c.tiedEmbeddings() ? list.getFirst() : in.stacked("lm_head.weight"));
    for (int i = 0; i < c.layers(); i++) {
      var layer = "model.layers." + i + ".";
      var attention = layer + "self_attn.";
      list.add(in.stacked(layer + "input_layernorm.weight"));
      list.add(
          in.stacked(
              attention + "q_proj.weight",
              attention + "k_proj.weight",
              attention + "v_proj.weight"));
      list.add(in.stacked(attention + "o_proj.weight"));
      list.add(in.stacked(layer + "post_attention_layernorm.weight"));
      list.add(in.stacked(layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight"));
      list.add(in.stacked(layer + "mlp.down_proj.weight"));
    }
    this.arrays = Program.list("w", list);
  }

  /** Reads every tensor the program needs; nothing else of the file is touched. */
  public static BaseWeights read(
      Program program, Weights weights, ModelConfig config, Precision precision) {
    return new BaseWeights(program, weights, config, precision);
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

    Reader(Program program, Weights weights, Precision precision) {
      this.program = program;
      this.weights = weights;
      this.precision = precision;
      this.stored = precision == Precision.BF16 ? Weights.As.BF16 : Weights.As.F32;
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
        var type = stored == Weights.As.BF16 ? Precision.BF16 : Precision.FP32;
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
