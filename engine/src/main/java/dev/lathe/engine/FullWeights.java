package dev.lathe.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.NativeMemory;
import dev.lathe.engine.program.FullShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.stream.LongStream;

/**
 * All of a model's weights while they are trained: one flat vector (see {@link FullShape}) of
 * parameters in float32, the working copy in the precision of the model, which the program's list
 * of weights are views of, the gradient, and AdamW's two moments. In float32 the parameters are the
 * working copy. Too large for Java's heap: values come and go piece by piece.
 */
public final class FullWeights implements Trained {
  /** Values that are copied at a time. */
  private static final int PIECE = 1 << 20;

  /** The vectors that a resume needs. */
  public enum Vector {
    PARAMETERS,
    FIRST_MOMENT,
    SECOND_MOMENT
  }

  private final Program program;
  private final FullShape shape;
  private final Precision precision;
  private final NDArray parameters;
  private final NDArray working;
  private final NDArray gradient;
  private final NDArray first;
  private final NDArray second;
  private final NDList arrays;

  private FullWeights(Program program, FullShape shape, Precision precision) {
    this.program = program;
    this.shape = shape;
    this.precision = precision;
    this.parameters = program.zeros(precision.kept(), shape.size());
    this.gradient = program.zeros(precision.kept(), shape.size());
    this.first = program.zeros(precision.kept(), shape.size());
    this.second = program.zeros(precision.kept(), shape.size());
    this.working =
        precision == precision.kept()
            ? parameters
            : program.convert(parameters, precision, program.manager());
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
        full.lay(full.parameters, part, staging.segment(), scope);
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
    program.zero(gradient);
  }

  @Override
  public double[] gradientValues() {
    return precision == Precision.FP64
        ? gradient.toDoubleArray()
        : Adapter.widen(gradient.toFloatArray());
  }

  @Override
  public double update(AdamW adamW, double learningRate, long step) {
    try (NDManager scope = program.scope()) {
      var settings = scope.create(adamW.settings(learningRate, step, 0, shape.matrices()));
      double norm =
          program
              .call("full_adamw", scope, parameters, working, gradient, first, second, settings)
              .getFirst()
              .getDouble();
      headNorms(scope);
      return norm;
    }
  }

  @Override
  public NDArray gradient() {
    return gradient;
  }

  /**
   * Copies a stretch of a vector out.
   *
   * @param from the first value
   * @param target float32 values in the machine's order, as many as are wanted
   */
  public void copyTo(Vector vector, long from, MemorySegment target) {
    var array = of(vector);
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

  /** The other way round; {@link #worn} makes parameters count once all are there. */
  public void copyFrom(Vector vector, MemorySegment source) {
    var array = of(vector);
    long values = source.byteSize() / Float.BYTES;
    if (values != shape.size()) {
      throw new IllegalArgumentException("a model of " + shape.size() + " values, not " + values);
    }
    for (long at = 0; at < values; at += PIECE) {
      long count = Math.min(PIECE, values - at);
      try (var staging = Arena.ofConfined();
          NDManager scope = program.scope()) {
        var piece = staging.allocate(count * Float.BYTES, Long.BYTES);
        MemorySegment.copy(source, at * Float.BYTES, piece, 0, count * Float.BYTES);
        program.call(
            "laid", scope, array, floats(piece, scope), scope.create(new long[] {at, 0, 0}));
      }
    }
  }

  /** Makes what the model computes with out of the parameters. */
  public void worn() {
    try (NDManager scope = program.scope()) {
      program.call("worn_whole", scope, parameters, working);
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

  private NDArray of(Vector vector) {
    return switch (vector) {
      case PARAMETERS -> parameters;
      case FIRST_MOMENT -> first;
      case SECOND_MOMENT -> second;
    };
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
    program.call("laid", scope, target, floats(values, scope), scope.create(layout));
  }

  private static NDArray floats(MemorySegment values, NDManager scope) {
    long count = values.byteSize() / Float.BYTES;
    return scope.create(values.asByteBuffer(), new Shape(count), DataType.FLOAT32);
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
        list.add(view(flat, program.manager(), 0, 0));
      } else if (tied) {
        list.add(list.getFirst());
      } else if (shape.isHeadNorms(index)) {
        list.add(eachHead());
      } else {
        long rows = parts.stream().mapToLong(FullShape.Part::rows).sum();
        int columns = parts.getFirst().columns();
        list.add(
            columns > 1
                ? view(flat, program.manager(), at, rows, columns)
                : view(flat, program.manager(), at, rows));
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

  private NDArray view(NDArray flat, NDManager owner, long at, long... sizes) {
    try (NDManager scope = program.scope()) {
      long[] place = LongStream.concat(LongStream.of(at), LongStream.of(sizes)).toArray();
      var view = program.call("part_of", scope, flat, scope.create(place)).getFirst();
      view.attach(owner);
      return view;
    }
  }
}
