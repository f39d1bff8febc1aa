package dev.lathe.engine;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.MemorySegment;

/**
 * What a run changes: one flat vector of parameters in float32, its gradient, AdamW's two moments.
 */
public sealed interface Trained permits Adapter, FullWeights {
  /** The vectors that a resume needs. */
  enum Vector {
    PARAMETERS,
    FIRST_MOMENT,
    SECOND_MOMENT
  }

  void zeroGradient();

  /** The gradient as it stands, in double precision; for tests and reports. */
  double[] gradientValues();

  /**
   * One optimizer step on the summed gradient, which is used up.
   *
   * @param step counted from 1, for the moments' bias correction
   * @return the gradient's norm before clipping; where it is no finite number nothing was changed
   */
  double update(AdamW adamW, double learningRate, long step);

  /** What the program adds gradients to. */
  NDArray gradient();

  /**
   * Copies a stretch of a vector out.
   *
   * @param from the first value
   * @param target float32 values in the machine's order, as many as are wanted
   */
  void copyTo(Vector vector, long from, MemorySegment target);

  /**
   * The other way round; {@link #worn} makes parameters count once all are there.
   *
   * @param to where the first value goes
   */
  void copyFrom(Vector vector, long to, MemorySegment source);

  /** Makes what the model computes with out of the parameters. */
  void worn();
}
