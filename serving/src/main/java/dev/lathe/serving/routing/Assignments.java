package dev.lathe.serving.routing;

import java.util.List;
import java.util.Optional;

/** Experiments as the router sees them. */
public interface Assignments {
  /** No experiment runs. */
  Assignments NONE =
      new Assignments() {
        @Override
        public Optional<Assignment> assign(String name, String subject) {
          return Optional.empty();
        }

        @Override
        public List<String> names() {
          return List.of();
        }
      };

  /** The arm of a subject; empty when no running experiment bears the name. */
  Optional<Assignment> assign(String name, String subject);

  /** The experiments that run. */
  List<String> names();

  /**
   * A subject's arm.
   *
   * @param target the model's name that the arm stands for
   */
  record Assignment(String experiment, int phase, int arm, String target) {}
}
