package dev.lathe.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A LoRA adapter while it is trained: one flat vector (see {@link LoraShape}) of parameters in
 * float32, its working copy in the precision of the model, the gradient, and AdamW's two moments.
 * Where a DoRA has magnitudes, the working copy has factors, and the gradient is theirs until the
 * update (dora.py).
 */
public final class Adapter implements Trained {
  private final Program program;
  private final LoraShape shape;
  private final Precision precision;
  private final NDArray parameters;
  private final NDArray gradient;
  private final NDArray first;
  private final NDArray second;
  private final NDList base;
  private final @Nullable NDArray bareNorms;
  private @Nullable NDArray norms;
  private NDArray working;

  Adapter(Program program, LoraShape shape, Precision precision, NDList base) {
    this.program = program;
    this.shape = shape;
    this.precision = precision;
    int size = shape.size();
    this.parameters = program.zeros(precision.kept(), size);
    this.gradient = program.zeros(precision.kept(), size);
    this.first = program.zeros(precision.kept(), size);
    this.second = program.zeros(precision.kept(), size);
    this.base = base;
    this.bareNorms = shape.dora() ? lasting("row_norms", base) : null;
    this.working = program.convert(parameters, precision, program.manager());
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
    write(parameters, FloatBuffer.wrap(values));
    refresh();
  }

  /**
   * The same for an adapter that has not been trained as a DoRA: its magnitudes, whatever stands
   * there, become the norms of W + scale B A, so that they change nothing yet.
   */
  public void begin(float[] values) {
    set(values);
    if (norms != null) {
      try (NDManager scope = program.scope()) {
        program.call("begin_magnitudes", scope, parameters, norms);
      }
      refresh();
    }
  }

  public float[] values() {
    return floats(parameters);
  }

  /** AdamW's first and second moment. */
  public float[][] moments() {
    return new float[][] {floats(first), floats(second)};
  }

  public void restore(float[] values, float[] firstMoment, float[] secondMoment) {
    write(first, FloatBuffer.wrap(firstMoment));
    write(second, FloatBuffer.wrap(secondMoment));
    set(values);
  }

  @Override
  public void zeroGradient() {
    program.zero(gradient);
  }

  @Override
  public double[] gradientValues() {
    var values = doubles(gradient);
    if (norms != null) {
      var n = doubles(norms);
      for (int i = 0; i < n.length; i++) {
        values[shape.sizeOfAB() + i] /= n[i];
      }
    }
    return values;
  }

  /**
   * The gradient as it is added up, in float32: what processes that compute shares of it send each
   * other. Of a DoRA it is the factors' (see above).
   */
  public float[] gradient32() {
    return floats(gradient);
  }

  public void setGradient(float[] values) {
    write(gradient, FloatBuffer.wrap(values));
  }

  @Override
  public double update(AdamW adamW, double learningRate, long step) {
    try (NDManager scope = program.scope()) {
      if (norms != null) {
        program.call("to_magnitudes", scope, gradient, norms);
      }
      var settings =
          scope.create(adamW.settings(learningRate, step, shape.sizeOfA(), shape.sizeOfAB()));
      var norm =
          program
              .call("adamw", scope, parameters, gradient, first, second, settings)
              .getFirst()
              .getDouble();
      refresh();
      return norm;
    }
  }

  NDArray working() {
    return working;
  }

  @Override
  public NDArray gradient() {
    return gradient;
  }

  private void refresh() {
    working.close();
    if (bareNorms == null) {
      working = program.convert(parameters, precision, program.manager());
      return;
    }
    if (norms != null) {
      norms.close();
    }
    try (NDManager scope = program.scope()) {
      var type = scope.create((long) precision.torchType());
      var worn = program.call("worn", scope, base, parameters, bareNorms, type);
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

  private void write(NDArray target, FloatBuffer values) {
    if (values.remaining() != shape.size()) {
      throw new IllegalArgumentException(
          "an adapter of " + shape.size() + " values, not " + values.remaining());
    }
    try (NDManager scope = program.scope()) {
      var bytes = ByteBuffer.allocateDirect(4 * values.remaining()).order(ByteOrder.nativeOrder());
      bytes.asFloatBuffer().put(values);
      var source = scope.create(bytes.asFloatBuffer(), new Shape(shape.size()));
      try (var kept = program.convert(source, precision.kept(), program.manager())) {
        kept.copyTo(target);
      }
    }
  }

  private float[] floats(NDArray array) {
    if (precision != Precision.FP64) {
      return array.toFloatArray();
    }
    double[] wide = array.toDoubleArray();
    var values = new float[wide.length];
    for (int i = 0; i < wide.length; i++) {
      values[i] = (float) wide[i];
    }
    return values;
  }

  private double[] doubles(NDArray array) {
    return precision == Precision.FP64 ? array.toDoubleArray() : widen(array.toFloatArray());
  }

  static double[] widen(float[] values) {
    var wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
