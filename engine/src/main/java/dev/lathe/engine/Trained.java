package dev.lathe.engine;

import ai.djl.ndarray.NDArray;

/**
 * What a run changes: one flat vector of parameters in float32, its gradient, AdamW's two moments.
 */
public sealed interface Trained permits Adapter, FullWeights {
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
}
