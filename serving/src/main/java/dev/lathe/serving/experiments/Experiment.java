package dev.lathe.serving.experiments;

import dev.lathe.checkpoints.input.BadInput;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An experiment as it stands.
 *
 * @param id the name that clients ask for as a model
 * @param phase from 1; every change of the weights begins the next one, and with it everybody is
 *     assigned anew
 * @param arms 2 to 8, of distinct targets; the first is what the others are compared with
 * @param endedAt null while it runs
 */
public record Experiment(
    String id,
    ExperimentState state,
    int phase,
    List<Arm> arms,
    Instant startedAt,
    @Nullable Instant endedAt) {
  static final int MOST_ARMS = 8;
  private static final Pattern ID = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  public Experiment {
    if (!ID.matcher(id).matches()) {
      throw new BadInput(
          "an experiment cannot have this id",
          id,
          "Use small letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit.");
    }
    if (phase < 1) {
      throw new IllegalArgumentException("phases count from 1: " + phase);
    }
    if ((state == ExperimentState.STOPPED) != (endedAt != null)) {
      throw new IllegalArgumentException("an experiment has an end when it is stopped: " + id);
    }
    arms = checked(arms);
  }

  /** The arms in their order, when they can make an experiment. */
  private static List<Arm> checked(List<Arm> arms) {
    if (arms.size() < 2 || arms.size() > MOST_ARMS) {
      throw new BadInput(
          "an experiment has 2 to " + MOST_ARMS + " arms",
          Integer.toString(arms.size()),
          "Give --arm TARGET[=WEIGHT] once an arm.");
    }
    var seen = new HashSet<String>();
    for (var arm : arms) {
      if (!seen.add(arm.target())) {
        throw new BadInput(
            "two arms have the same target", arm.target(), "Every arm needs a target of its own.");
      }
    }
    return List.copyOf(arms);
  }

  boolean running() {
    return state == ExperimentState.RUNNING;
  }

  Experiment inPhase(int next, List<Arm> weighted) {
    return new Experiment(id, state, next, weighted, startedAt, endedAt);
  }

  Experiment stopped(Instant at) {
    return new Experiment(id, ExperimentState.STOPPED, phase, arms, startedAt, at);
  }
}
