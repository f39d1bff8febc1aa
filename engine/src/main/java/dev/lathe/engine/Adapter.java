package dev.lathe.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.NativeMemory;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A LoRA adapter while it is trained: one flat vector (see {@link LoraShape}) of parameters in
 * float32, its working copy in the precision of the model, the gradient, and AdamW's two moments.
 * Where a DoRA has magnitudes, the working copy has factors, and the gradient is theirs until the
 * update (dora.py). Matrices that are trained whole beside it (PEFT's modules_to_save) come first
 * in the vector; arrays here are of the adapter alone, since those may be too large for the heap.
 */
public final class Adapter implements Trained {
  private final Program program;
  private final LoraShape shape;
  private final Precision precision;
  private final FlatVectors vectors;
  private final NDList base;
  private final @Nullable NDArray bareNorms;
  private @Nullable NDArray norms;
  private NDArray working;

  /**
   * @param base the program's list of weights
   * @param weights what is trained whole begins as its matrices here
   */
  Adapter(Program program, LoraShape shape, Precision precision, NDList base, Weights weights) {
    this.program = program;
    this.shape = shape;
    this.precision = precision;
    this.vectors = FlatVectors.zeros(program, precision, shape.learned());
    this.base = base;
    this.bareNorms = shape.dora() ? lasting("row_norms", base) : null;
    for (var part : shape.saved().parts()) {
      if (!shape.saved().isWhole()) {
        var rows = new float[part.size()];
        weights.rows(part.name(), shape.saved().firstRow(), shape.saved().rows(), rows);
        vectors.set(Vector.PARAMETERS, part.at(), rows);
        continue;
      }
      try (var staging = new NativeMemory((long) part.size() * Weights.As.F32.bytes())) {
        weights.read(part.name(), Weights.As.F32, staging.segment());
        vectors.copyFrom(Vector.PARAMETERS, part.at(), staging.segment());
      }
    }
    this.working = program.convert(vectors.parameters(), precision, program.manager());
  }

  public LoraShape shape() {
    return shape;
  }

  /**
   * PEFT's default start: A uniform in ±1/sqrt(in) (Kaiming, a = sqrt 5), B zero, so that the first
   * forward is the base's. The same seed gives the same values on every machine.
   */
  public static float[] initial(LoraShape shape, long seed) {
    var values = new float[shape.size()];
    var random = new SplittableRandom(seed);
    for (var module : shape.modules()) {
      float bound = (float) (1 / Math.sqrt(module.in()));
      for (int i = 0; i < shape.rank() * module.in(); i++) {
        values[module.aAt() + i] = (2 * (float) random.nextDouble() - 1) * bound;
      }
    }
    return values;
  }

  /** Replaces the parameters; the moments stay. */
  public void set(float[] values) {
    vectors.set(Vector.PARAMETERS, start(values), values);
    worn();
  }

  /** Where the adapter begins in the flat vector. */
  private long start(float[] values) {
    if (values.length != shape.size()) {
      throw new IllegalArgumentException(
          "an adapter of " + shape.size() + " values, not " + values.length);
    }
    return shape.saved().size();
  }

  /**
   * The same for an adapter that has not been trained as a DoRA: its magnitudes, whatever stands
   * there, become the norms of W + scale B A, so that they change nothing yet.
   */
  public void begin(float[] values) {
    set(values);
    if (norms != null) {
      try (NDManager scope = program.scope()) {
        program.call("begin_magnitudes", scope, vectors.parameters(), norms);
      }
      worn();
    }
  }

  public float[] values() {
    return floats(Vector.PARAMETERS);
  }

  /** AdamW's first and second moment. */
  public float[][] moments() {
    return new float[][] {floats(Vector.FIRST_MOMENT), floats(Vector.SECOND_MOMENT)};
  }

  private float[] floats(Vector vector) {
    return vectors.floats(vector, shape.saved().size(), shape.size());
  }

  public void restore(float[] values, float[] firstMoment, float[] secondMoment) {
    vectors.set(Vector.FIRST_MOMENT, start(firstMoment), firstMoment);
    vectors.set(Vector.SECOND_MOMENT, start(secondMoment), secondMoment);
    set(values);
  }

  @Override
  public void copyTo(Vector vector, long from, MemorySegment target) {
    vectors.copyTo(vector, from, target);
  }

  @Override
  public void copyFrom(Vector vector, long to, MemorySegment source) {
    vectors.copyFrom(vector, to, source);
  }

  @Override
  public void zeroGradient() {
    vectors.zeroGradient();
  }

  /** Of what is trained whole first, then of the adapter. */
  @Override
  public double[] gradientValues() {
    var values = vectors.gradientValues();
    if (norms != null) {
      var n = precision == Precision.FP64 ? norms.toDoubleArray() : widen(norms.toFloatArray());
      int at = shape.saved().size() + shape.sizeOfAB();
      for (int i = 0; i < n.length; i++) {
        values[at + i] /= n[i];
      }
    }
    return values;
  }

  /**
   * The gradient as it is added up, in float32: what processes that compute shares of it send each
   * other. Of a DoRA it is the factors' (see above).
   */
  public float[] gradient32() {
    return vectors.gradientFloats(shape.saved().size(), shape.size());
  }

  public void setGradient(float[] values) {
    vectors.setGradient(start(values), values);
  }

  @Override
  public double update(AdamW adamW, double learningRate, long step) {
    try (NDManager scope = program.scope()) {
      if (norms != null) {
        program.call("to_magnitudes", scope, vectors.gradient(), norms);
      }
      // What is trained whole learns as A does.
      long start = shape.saved().size();
      var settings =
          scope.create(
              adamW.settings(
                  learningRate, step, start + shape.sizeOfA(), start + shape.sizeOfAB()));
      var norm =
          program
              .call(
                  "adamw",
                  scope,
                  vectors.parameters(),
                  vectors.gradient(),
                  vectors.first(),
                  vectors.second(),
                  settings)
              .getFirst()
              .getDouble();
      worn();
      return norm;
    }
  }

  NDArray working() {
    return working;
  }

  @Override
  public NDArray gradient() {
    return vectors.gradient();
  }

  @Override
  public void worn() {
    working.close();
    if (bareNorms == null) {
      working = program.convert(vectors.parameters(), precision, program.manager());
      return;
    }
    if (norms != null) {
      norms.close();
    }
    try (NDManager scope = program.scope()) {
      var type = scope.create((long) precision.torchType());
      var worn = program.call("worn", scope, base, vectors.parameters(), bareNorms, type);
      worn.attach(program.manager());
      working = worn.get(0);
      norms = worn.get(1);
    }
  }

  /** The one result of a method of the base's weights, kept as long as the program. */
  private NDArray lasting(String method, NDList weights) {
    try (NDManager scope = program.scope()) {
      var result = program.call(method, scope, weights).getFirst();
      result.attach(program.manager());
      return result;
    }
  }

  static double[] widen(float[] values) {
    var wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
