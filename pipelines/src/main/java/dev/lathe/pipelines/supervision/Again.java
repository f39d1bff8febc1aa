package dev.lathe.pipelines.supervision;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Whether a run process that died is started again: when it was killed or crashed, or memory ran
 * out, and not when it said itself what was wrong. So many times in a row as the recipe allows; a
 * new checkpoint is progress and forgives all that was before it.
 */
public final class Again {
  /** Tells the next process that the last one died for want of memory. */
  public static final String RAN_OUT = "--ran-out";

  /** Tells the next process, in its following argument, why there is a next one. */
  public static final String BECAUSE = "--because";

  /** Exit statuses from here on are signals' or a native library's, not the program's own. */
  private static final int SIGNALS = 128;

  private static final int KILLED = 137;
  private static final Duration LONGEST = Duration.ofMinutes(1);

  private final int most;
  private final Duration first;
  private int times;
  private long step = -1;

  /**
   * @param most times in a row; 0 for never
   * @param first how long to wait the first time; every next time twice as long
   */
  public Again(int most, Duration first) {
    this.most = most;
    this.first = first;
  }

  /**
   * How the run goes on.
   *
   * @param after waiting so long
   * @param arguments for the next process
   */
  public record Attempt(Duration after, List<String> arguments) {}

  /**
   * @param exitStatus as the system gave it; empty where another process was the parent
   * @param outOfMemory whether the system or the run itself said that memory ran out
   * @param newestCheckpoint its step, or -1
   * @return empty when the run has failed for good
   */
  public Optional<Attempt> after(
      OptionalInt exitStatus, boolean outOfMemory, long newestCheckpoint) {
    boolean died = exitStatus.isEmpty() || exitStatus.getAsInt() >= SIGNALS;
    if (!died && !outOfMemory) {
      return Optional.empty();
    }
    if (newestCheckpoint > step) {
      step = newestCheckpoint;
      times = 0;
    }
    if (times >= most) {
      return Optional.empty();
    }
    times++;
    var wait = first.multipliedBy(1L << Math.min(times - 1, 30));
    var arguments = new ArrayList<String>();
    if (outOfMemory) {
      arguments.add(RAN_OUT);
    }
    arguments.add(BECAUSE);
    arguments.add(
        "The training process died (%s) and was started again, %d of at most %d times before the next checkpoint."
            .formatted(
                outOfMemory
                    ? "memory ran out"
                    : exitStatus.isPresent()
                        ? Death.meaning(exitStatus.getAsInt())
                        : "nobody saw how",
                times,
                most));
    return Optional.of(new Attempt(wait.compareTo(LONGEST) > 0 ? LONGEST : wait, arguments));
  }

  /** Whether an exit and the system's count of kills say that memory ran out. */
  public static boolean ranOut(OptionalInt exitStatus, long killsBefore, long killsAfter) {
    return killsAfter > killsBefore && exitStatus.orElse(KILLED) == KILLED;
  }
}
