package dev.lathe.serving.experiments;

import org.jspecify.annotations.Nullable;

/**
 * What an arm answered.
 *
 * @param subjects distinct ones
 * @param exposures requests that it was asked to answer
 * @param errors those that ended with a status of 400 and above, or broke off; a client that left
 *     is none
 * @param p50 milliseconds of the answers that came, to their end; null when there is none
 * @param cost of the answers that came; null when that of any is unknown
 */
record ArmExposures(
    long subjects,
    long exposures,
    long errors,
    @Nullable Double p50,
    @Nullable Double p95,
    @Nullable Double cost) {
  static final ArmExposures NONE = new ArmExposures(0, 0, 0, null, null, null);
}
