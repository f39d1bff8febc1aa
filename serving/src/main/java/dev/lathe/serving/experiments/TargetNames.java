package dev.lathe.serving.experiments;

import java.util.Optional;

/** The names that can be asked for, apart from experiments. */
public interface TargetNames {
  /**
   * @throws dev.lathe.checkpoints.input.BadInput when nothing answers under this name, with the
   *     nearest that does
   */
  void require(String target);

  /** What bears this name already ("a base", "a model"); empty when it is free. */
  Optional<String> bearer(String name);
}
