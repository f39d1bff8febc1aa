package dev.lathe.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.NativeMemory;
import dev.lathe.engine.program.FullShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;

/**
 * All of a model's weights while they are trained: one flat vector (see {@link FullShape}) of
 * parameters in float32, the working copy in the precision of the model, which the program's list
 * of weights are views of, the gradient, and AdamW's two moments. In float32 the parameters are the
 * working copy. Too large for Java's heap: values come and go piece by piece.
 */
public final class FullWeights implements Trained {
  private final Program program;
  private final FullShape shape;
  private final Precision precision;
  private final FlatVectors vectors;
  private final NDArray working;
  private final NDList arrays;

  private FullWeights(Program program, FullShape shape, Precision precision) {
    this.program = program;
    this.shape = shape;
    this.precision = precision;
    this.vectors = FlatVectors.zeros(program, precision, shape.size());
    this.working =
        precision == precision.kept()
            ? vectors.parameters()
            : program.convert(vectors.parameters(), precision, program.manager());
    this.arrays = viewsOf(working);
  }

  /** Reads all weights in float32. */
  static FullWeights read(Program program, Weights weights, FullShape shape, Precision precision) {
    var full = new FullWeights(program, shape, precision);
    for (var part : shape.parts()) {
      long bytes = (long) part.size() * Weights.As.F32.bytes();
      try (var staging = new NativeMemory(bytes);
          NDManager scope = program.scope()) {
        weights.read(part.name(), Weights.As.F32, staging.segment());
        full.lay(full.vectors.parameters(), part, staging.segment(), scope);
      }
    }
    full.worn();
    return full;
  }

  public FullShape shape() {
    return shape;
  }

  @Override
  public void zeroGradient() {
    vectors.zeroGradient();
  }

  @Override
  public double[] gradientValues() {
    return vectors.gradientValues();
  }

  @Override
  public double update(AdamW adamW, double learningRate, long step) {
    try (NDManager scope = program.scope()) {
      var settings = scope.create(adamW.settings(learningRate, step, 0, shape.matrices()));
      double norm =
          program
              .call(
                  "full_adamw",
                  scope,
                  vectors.parameters(),
                  working,
                  vectors.gradient(),
                  vectors.first(),
                  vectors.second(),
                  settings)
              .getFirst()
              .getDouble();
      headNorms(scope);
      return norm;
    }
  }

  @Override
  public NDArray gradient() {
    return vectors.gradient();
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
  public void worn() {
    try (NDManager scope = program.scope()) {
      program.call("worn_whole", scope, vectors.parameters(), working);
      headNorms(scope);
    }
  }

  /** As the program's first argument. */
  NDList arrays() {
    return arrays;
  }

  /** The same as it stands now, in memory of its own. */
  NDList frozen() {
    var copy = program.convert(working, precision, program.manager());
    var views = viewsOf(copy);
    try (NDManager scope = program.scope()) {
      headNorms(scope, views, copy);
    }
    return views;
  }

  private void headNorms(NDManager scope) {
    headNorms(scope, arrays, working);
  }

  private void headNorms(NDManager scope, NDList views, NDArray flat) {
    if (shape.config().block().headNorms()) {
      program.call("head_norms_again", scope, views, flat);
    }
  }

  private void lay(NDArray target, FullShape.Part part, MemorySegment values, NDManager scope) {
    long[] layout = {part.at(), part.added(), part.turned() ? part.rows() : 0};
    program.call("laid", scope, target, FlatVectors.floats(values, scope), scope.create(layout));
  }

  /** The program's list of weights as views of a flat vector. */
  private NDList viewsOf(NDArray flat) {
    var list = new ArrayList<NDArray>();
    var offsets = shape.offsets();
    for (int index = 0; index < shape.listed(); index++) {
      int at = offsets.get(index);
      boolean tied = index == 4 && shape.config().tiedEmbeddings();
      var parts = shape.at(tied ? 0 : index);
      if (parts.isEmpty()) {
        list.add(vectors.view(flat, program.manager(), 0, 0));
      } else if (tied) {
        list.add(list.getFirst());
      } else if (shape.isHeadNorms(index)) {
        list.add(eachHead());
      } else {
        long rows = parts.stream().mapToLong(FullShape.Part::rows).sum();
        int columns = parts.getFirst().columns();
        list.add(
            columns > 1
                ? vectors.view(flat, program.manager(), at, rows, columns)
                : vectors.view(flat, program.manager(), at, rows));
      }
    }
    return Program.list("w", list);
  }

  private NDArray eachHead() {
    var c = shape.config();
    try (var zeros =
        program.manager().zeros(new Shape(c.heads() + c.keyValueHeads(), c.headDim()))) {
      return program.convert(zeros, precision, program.manager());
    }
  }
}
