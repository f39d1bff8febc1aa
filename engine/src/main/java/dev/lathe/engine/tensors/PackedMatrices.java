package dev.lathe.engine.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Nf4;
import dev.lathe.engine.program.Archive.Packing;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Packs a base's linear layers as they are read, one matrix at a time: NF4 as bitsandbytes does it,
 * or whole numbers of eight bits with a scale for each row (the largest magnitude of a row is 127).
 * packed.py says what lies where.
 */
final class PackedMatrices {
  private final Program program;
  private final Weights weights;
  private final Packing packing;
  private final Precision precision;
  private final List<NDArray> arrays = new ArrayList<>();

  PackedMatrices(Program program, Weights weights, Packing packing, Precision precision) {
    this.program = program;
    this.weights = weights;
    this.packing = packing;
    this.precision = precision;
    arrays.add(computed(Nf4.levels(), new Shape(Nf4.levels().length)));
    arrays.add(kept(Nf4.scaleLevels()));
  }

  /** In the order of {@link #codes}' calls, after the two tables. */
  List<NDArray> arrays() {
    return arrays;
  }

  /**
   * The codes of matrices that read the same, one below the other.
   *
   * @param transposed whether the files hold them as (in, out)
   */
  NDArray codes(List<String> names, boolean transposed) {
    var parts = names.stream().map(n -> matrix(n, transposed)).toList();
    return packing == Packing.INT8 ? rows(parts) : nf4(names, parts);
  }

  private NDArray rows(List<Rows> parts) {
    int out = parts.stream().mapToInt(Rows::out).sum();
    int in = parts.getFirst().in();
    var codes = ByteBuffer.allocateDirect(out * in);
    var scales = new float[out];
    int row = 0;
    for (var part : parts) {
      for (int r = 0; r < part.out(); r++, row++) {
        float most = 0;
        for (int c = 0; c < in; c++) {
          most = Math.max(most, Math.abs(part.values()[r * in + c]));
        }
        scales[row] = most / 127;
        for (int c = 0; c < in; c++) {
          codes.put((byte) (most == 0 ? 0 : Math.round(part.values()[r * in + c] / scales[row])));
        }
      }
    }
    arrays.add(computed(scales, new Shape(out, 1)));
    for (int i = 0; i < 3; i++) {
      arrays.add(kept(new float[0]));
    }
    return program.manager().create(codes.flip(), new Shape(out, in), DataType.INT8);
  }

  private NDArray nf4(List<String> names, List<Rows> parts) {
    int out = parts.stream().mapToInt(Rows::out).sum();
    int in = parts.getFirst().in();
    var codes = ByteBuffer.allocateDirect(out * in / 2);
    var packed = new ArrayList<Nf4>();
    for (int i = 0; i < parts.size(); i++) {
      var values = parts.get(i).values();
      if (in % 2 != 0 || values.length % Nf4.BLOCK != 0) {
        throw new BadInput(
            "a matrix cannot be packed as NF4: its values are no whole blocks of " + Nf4.BLOCK,
            "%s is %d x %d".formatted(names.get(i), parts.get(i).out(), in),
            "Take baseFormat=int8 or auto.");
      }
      var part = Nf4.pack(values);
      codes.put(part.codes());
      packed.add(part);
    }
    int blocks = packed.stream().mapToInt(p -> p.outer().length).sum();
    var scales = ByteBuffer.allocateDirect(blocks * Nf4.OUTER);
    var outer = new float[blocks];
    var offsets = new float[blocks];
    int at = 0;
    for (var part : packed) {
      scales.put(Arrays.copyOf(part.scales(), part.outer().length * Nf4.OUTER));
      Arrays.fill(offsets, at, at + part.outer().length, part.offset());
      System.arraycopy(part.outer(), 0, outer, at, part.outer().length);
      at += part.outer().length;
    }
    var manager = program.manager();
    arrays.add(manager.create(scales.flip(), new Shape(blocks * Nf4.OUTER), DataType.UINT8));
    arrays.add(kept(outer));
    arrays.add(kept(offsets));
    arrays.add(manager.create(packed.stream().mapToLong(p -> p.scales().length).toArray()));
    return manager.create(codes.flip(), new Shape(out, in / 2), DataType.UINT8);
  }

  /** A matrix as (out, in). */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  private record Rows(int out, int in, float[] values) {}

  private Rows matrix(String name, boolean transposed) {
    var shape = weights.shape(name);
    int first = Math.toIntExact(shape[0]);
    int second = Math.toIntExact(shape[1]);
    var values = new float[Math.multiplyExact(first, second)];
    weights.rows(name, 0, first, values);
    if (!transposed) {
      return new Rows(first, second, values);
    }
    var turned = new float[values.length];
    for (int i = 0; i < first; i++) {
      for (int j = 0; j < second; j++) {
        turned[j * first + i] = values[i * second + j];
      }
    }
    return new Rows(second, first, turned);
  }

  /** In the precision that is computed in. */
  private NDArray computed(float[] values, Shape shape) {
    try (var wide = program.manager().create(values, shape)) {
      return program.convert(wide, precision, program.manager());
    }
  }

  /** In the precision that scales are kept in. */
  private NDArray kept(float[] values) {
    try (var wide = program.manager().create(values, new Shape(values.length))) {
      return program.convert(wide, precision.kept(), program.manager());
    }
  }
}
