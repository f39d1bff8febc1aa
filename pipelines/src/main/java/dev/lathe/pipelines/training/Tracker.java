package dev.lathe.pipelines.training;

import java.util.Map;

/**
 * Writes a run's figures beside its journal, as another program reads them. A run that goes on
 * opens it anew, behind the steps that stand.
 */
interface Tracker extends AutoCloseable {
  /**
   * Tells the numbers of a journal's record, each under the group's name and its own.
   *
   * @param group "train" or "eval"
   * @param record with its {@code step}
   */
  void scalars(String group, Map<String, ?> record);

  /** All that was told is in the file: a run that is killed may go on from here. */
  default void settle() {}

  /** The run ended as it was to: nothing more will be told. */
  default void ended() {}

  /** Whatever ended the run. */
  @Override
  void close();
}
