package dev.lathe.pipelines.training;

import dev.lathe.engine.tensors.Precision;

/**
 * What gradients are multiplied with while they are computed in fp16, whose smallest number is 6e-8
 * (loss scaling: Micikevicius et al. 2018, section 3.2): a power of two that is halved when
 * something became infinite, whose step then teaches nothing, and doubled when all went well for
 * long.
 *
 * @param factor 1 where nothing is to be scaled
 * @param clean steps since it last changed
 * @param skipped steps that taught nothing
 */
record LossScale(double factor, int clean, long skipped) {
  /** Of every other precision. */
  static final LossScale NONE = new LossScale(1, 0, 0);

  static final int PATIENCE = 2_000;

  private static final LossScale FIRST = new LossScale(65_536, 0, 0);
  private static final double MOST = 1L << 24;

  static LossScale of(Precision precision) {
    return precision == Precision.FP16 ? FIRST : NONE;
  }

  boolean scales() {
    return !equals(NONE);
  }

  /** After a step that taught something. */
  LossScale grown() {
    if (!scales()) {
      return this;
    }
    return clean + 1 < PATIENCE
        ? new LossScale(factor, clean + 1, skipped)
        : new LossScale(Math.min(2 * factor, MOST), 0, skipped);
  }

  /** Whether an infinite gradient may be the factor's fault. */
  boolean tooLarge() {
    return scales() && factor > 1;
  }

  /** After one that did not. */
  LossScale shrunk() {
    return new LossScale(factor / 2, 0, skipped + 1);
  }
}
