package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Follows a sweep to its end: a line for every trial that ends, a progress bar for the one that
 * trains. Goes on with the next owner of the home when the one it follows through ends.
 */
final class SweepFollower {
  private static final long LOOK_MILLIS = 400;

  private final OwnerClient owner;
  private final String id;
  private final Terminal terminal;
  private final Set<Integer> told = new HashSet<>();

  SweepFollower(OwnerClient owner, String id, Terminal terminal) {
    this.owner = owner;
    this.id = id;
    this.terminal = terminal;
  }

  /** Tells nothing of the trials that are over, unless they train again. */
  SweepFollower fromNow() {
    for (var trial : look().path("trials")) {
      var state = trial.path("state").asString("");
      if (state.equals("completed") || state.equals("failed")) {
        told.add(trial.path("number").asInt());
      }
    }
    return this;
  }

  /**
   * Returns the sweep, as {@code sweep show} has it, when it has ended.
   *
   * @param stops whether Ctrl-C asks the sweep to stop, and only a second one leaves it alone
   */
  JsonNode toItsEnd(boolean stops) {
    try (var progress = new Progress(terminal);
        var _ = new FollowingCtrlC(owner, terminal, followed(), stops)) {
      while (true) {
        var sweep = look();
        boolean running = sweep.path("state").asString("").equals("running");
        tell(sweep, progress);
        if (!running) {
          return sweep;
        }
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while following a sweep", e);
    }
  }

  private JsonNode look() {
    return owner.get(path());
  }

  private String path() {
    return "sweeps/" + Text.segment(id);
  }

  private FollowingCtrlC.Followed followed() {
    return new FollowingCtrlC.Followed(
        path(),
        id,
        "this command owned the home; the trial ends at a checkpoint in a few seconds:"
            + " ./lathe sweep resume "
            + id,
        "the sweep goes on; see ./lathe sweep show " + id);
  }

  private void tell(JsonNode sweep, Progress progress) {
    int trials = sweep.path("trials").size();
    for (var trial : sweep.path("trials")) {
      var state = trial.path("state").asString("");
      int number = trial.path("number").asInt();
      var name = "trial %d of %d".formatted(number, trials);
      if (state.equals("completed") || state.equals("failed")) {
        if (told.add(number)) {
          progress.note(name + "  " + SweepFigures.values(trial) + "  " + outcome(trial, state));
        }
      } else if (state.equals("running")) {
        told.remove(number);
        progress.update(
            name,
            trial.path("step").asLong(0),
            trial.path("steps").asLong(0),
            SweepFigures.values(trial) + loss(trial));
      }
    }
  }

  private static String outcome(JsonNode trial, String state) {
    return state.equals("failed")
        ? "failed: " + trial.path("error").asString("")
        : "validation "
            + SweepFigures.loss(trial.path("evalLossBefore"))
            + " -> "
            + SweepFigures.loss(trial.path("evalLoss"));
  }

  private static String loss(JsonNode trial) {
    var loss = trial.path("loss");
    return loss.isNumber() ? String.format(Locale.ROOT, " · loss %.3f", loss.asDouble()) : "";
  }
}
