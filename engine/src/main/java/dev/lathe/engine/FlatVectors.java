package dev.lathe.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lathe.engine.Trained.Vector;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;

/**
 * The vectors that training keeps of each value: the parameter itself in float32 (float64 where
 * that is computed in), its gradient, AdamW's two moments. They may be too large for Java's heap:
 * values come and go piece by piece.
 */
record FlatVectors(
    Program program,
    Precision precision,
    NDArray parameters,
    NDArray gradient,
    NDArray first,
    NDArray second) {
  /** Values that are copied at a time. */
  private static final int PIECE = 1 << 20;

  /** All zero. */
  static FlatVectors zeros(Program program, Precision precision, long size) {
    var kept = precision.kept();
    return new FlatVectors(
        program,
        precision,
        program.zeros(kept, size),
        program.zeros(kept, size),
        program.zeros(kept, size),
        program.zeros(kept, size));
  }

  void zeroGradient() {
    program.zero(gradient);
  }

  double[] gradientValues() {
    return precision == Precision.FP64
        ? gradient.toDoubleArray()
        : Adapter.widen(gradient.toFloatArray());
  }

  private NDArray of(Vector vector) {
    return switch (vector) {
      case PARAMETERS -> parameters;
      case FIRST_MOMENT -> first;
      case SECOND_MOMENT -> second;
    };
  }

  /** Values {@code from} and after, as many as there is room for. */
  void copyTo(Vector vector, long from, MemorySegment target) {
    copyTo(of(vector), from, target);
  }

  private void copyTo(NDArray array, long from, MemorySegment target) {
    long values = target.byteSize() / Float.BYTES;
    for (long at = 0; at < values; at += PIECE) {
      long count = Math.min(PIECE, values - at);
      try (NDManager scope = program.scope()) {
        var piece = view(array, scope, from + at, count);
        var floats =
            precision == Precision.FP64 ? program.convert(piece, Precision.FP32, scope) : piece;
        // On the processor this is the tensor's own memory, and nothing is copied but once.
        MemorySegment.copy(
            MemorySegment.ofBuffer(floats.toByteBuffer(true)),
            0,
            target,
            at * Float.BYTES,
            count * Float.BYTES);
      }
    }
  }

  /** The other way round. */
  void copyFrom(Vector vector, long to, MemorySegment source) {
    copyFrom(of(vector), to, source);
  }

  private void copyFrom(NDArray array, long to, MemorySegment source) {
    long values = source.byteSize() / Float.BYTES;
    for (long at = 0; at < values; at += PIECE) {
      long count = Math.min(PIECE, values - at);
      try (var staging = Arena.ofConfined();
          NDManager scope = program.scope()) {
        var piece = staging.allocate(count * Float.BYTES, Long.BYTES);
        MemorySegment.copy(source, at * Float.BYTES, piece, 0, count * Float.BYTES);
        program.call(
            "laid", scope, array, floats(piece, scope), scope.create(new long[] {to + at, 0, 0}));
      }
    }
  }

  float[] floats(Vector vector, long from, int count) {
    var values = new float[count];
    copyTo(vector, from, MemorySegment.ofArray(values));
    return values;
  }

  void set(Vector vector, long to, float[] values) {
    copyFrom(vector, to, MemorySegment.ofArray(values));
  }

  float[] gradientFloats(long from, int count) {
    var values = new float[count];
    copyTo(gradient, from, MemorySegment.ofArray(values));
    return values;
  }

  void setGradient(long to, float[] values) {
    copyFrom(gradient, to, MemorySegment.ofArray(values));
  }

  static NDArray floats(MemorySegment values, NDManager scope) {
    long count = values.byteSize() / Float.BYTES;
    return scope.create(values.asByteBuffer(), new Shape(count), DataType.FLOAT32);
  }

  /** A stretch of a flat array in some shape, without a copy. */
  NDArray view(NDArray flat, NDManager owner, long at, long... sizes) {
    try (NDManager scope = program.scope()) {
      long[] place = LongStream.concat(LongStream.of(at), LongStream.of(sizes)).toArray();
      var view = program.call("part_of", scope, flat, scope.create(place)).getFirst();
      view.attach(owner);
      return view;
    }
  }
}
