package dev.lathe.pipelines.jobs;

import dev.lathe.pipelines.supervision.RunSpec;
import java.time.Instant;

/** Resolves what a user asks for into a run's description: base, dataset and recipe are there. */
@FunctionalInterface
public interface FinetunePlan {
  /**
   * @throws dev.lathe.checkpoints.input.BadInput for an unknown base, dataset or recipe key, a
   *     dataset of another tokenizer, or datasets that do not mix
   */
  RunSpec plan(String id, FinetuneRequest request, Instant now);

  /** Whether a planned run has anything to be validated on. */
  default boolean hasValidation(RunSpec planned) {
    return true;
  }

  /**
   * @throws dev.lathe.checkpoints.input.BadInput when the base or the dataset of a run is gone, or
   *     another one by now
   */
  default void requireThere(RunSpec planned) {}

  /** The version of Lathe that plans. */
  default String codeVersion() {
    return "development";
  }
}
