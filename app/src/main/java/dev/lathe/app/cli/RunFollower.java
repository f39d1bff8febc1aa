package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Follows a run from its journal to its end, with a progress bar. Goes on with the next owner of
 * the home when the one it follows through ends.
 */
final class RunFollower {
  /** What Ctrl-C does while a run is followed. */
  enum Interrupt {
    /** The first asks the run to stop at a checkpoint, the second leaves it alone. */
    STOPS_THE_RUN,
    /** The first ends the watching. */
    ENDS_THE_WATCHING
  }

  private final OwnerClient owner;
  private final String id;
  private final Terminal terminal;
  private final AtomicLong seq = new AtomicLong();
  private @Nullable Double evaluated;
  private long steps;

  RunFollower(OwnerClient owner, String id, Terminal terminal) {
    this.owner = owner;
    this.id = id;
    this.terminal = terminal;
  }

  /** Tells nothing of what the journal already holds. */
  RunFollower fromNow() {
    owner.follow(
        () -> path() + "/journal?after=" + seq.get(),
        line -> {
          seq.set(line.path("seq").asLong(seq.get()));
          return true;
        });
    return this;
  }

  /** Returns the run, as {@code runs show} has it, when it has ended. */
  JsonNode toItsEnd(Interrupt interrupt) {
    try (var progress = new Progress(terminal);
        var _ =
            new FollowingCtrlC(owner, terminal, followed(), interrupt == Interrupt.STOPS_THE_RUN)) {
      var state = owner.get(path()).path("state").asString("");
      progress.update(state.equals("queued") ? "waiting for its turn" : state, 0, 0, "");
      owner.follow(
          () -> path() + "/journal?follow=true&after=" + seq.get(),
          line -> {
            seq.set(line.path("seq").asLong(seq.get()));
            tell(line, progress);
            return true;
          });
    }
    return owner.get(path());
  }

  private void tell(JsonNode record, Progress progress) {
    switch (record.path("type").asString("")) {
      case "started" -> {
        long from = record.path("fromStep").asLong(0);
        steps = record.path("steps").asLong(0);
        progress.update(from == 0 ? "starting" : "going on", from, steps, machine(record));
      }
      case "step" -> step(record, progress);
      case "evaluating" ->
          progress.update(
              "validating",
              record.path("step").asLong(0),
              steps,
              String.format(Locale.ROOT, "%,d tokens", record.path("tokens").asLong(0)));
      case "eval" -> evaluated = record.path("loss").asDouble(Double.NaN);
      case "estimate" -> {
        if (record.path("seconds").isNumber()) {
          progress.note("expected: " + estimate(record));
        }
      }
      case "sample" -> {
        progress.note("step " + record.path("step") + ": " + oneLine(record, "prompt"));
        progress.note("  " + oneLine(record, "answer"));
      }
      case "event" ->
          progress.note(
              record.path("level").asString("info") + ": " + record.path("message").asString(""));
      default -> {
        // checkpoints are in the journal for those who look for them
      }
    }
  }

  private void step(JsonNode r, Progress progress) {
    long step = r.path("step").asLong();
    long steps = r.path("steps").asLong();
    double seconds = r.path("seconds").asDouble(0);
    var detail = new StringBuilder();
    detail.append(
        String.format(
            Locale.ROOT,
            "loss %.3f · %,.0f tokens/s",
            r.path("loss").asDouble(Double.NaN),
            r.path("tokensPerSecond").asDouble(0)));
    if (r.path("rewards/margins").isNumber()) {
      detail.append(
          String.format(Locale.ROOT, " · margin %.3f", r.path("rewards/margins").asDouble()));
    }
    if (evaluated != null) {
      detail.append(String.format(Locale.ROOT, " · validation %.3f", evaluated));
    }
    if (step > 1 && steps > step) {
      detail.append(" · ").append(Text.duration(seconds / step * (steps - step))).append(" left");
    }
    if (r.path("rssMiB").isNumber()) {
      detail.append(String.format(Locale.ROOT, " · %,d MiB", r.path("rssMiB").asLong()));
    }
    progress.update("training", step, steps, detail.toString());
  }

  /** An estimate's figures in a line. */
  static String estimate(JsonNode e) {
    return String.format(
        Locale.ROOT,
        "%s, %,.0f tokens/s, %s MiB of memory, %s MiB of disk",
        Text.duration(e.path("seconds").asDouble(0)),
        e.path("tokensPerSecond").asDouble(0),
        Text.count(e.path("memoryMiB")),
        Text.count(e.path("diskMiB")));
  }

  private static String oneLine(JsonNode record, String field) {
    return Text.printable(record.path(field).asString("").replaceAll("\\s+", " "));
  }

  private static String machine(JsonNode r) {
    return r.path("device").asString("")
        + ", "
        + r.path("threads").asInt(1)
        + " threads, "
        + r.path("precision").asString("");
  }

  private String path() {
    return "runs/" + Text.segment(id);
  }

  private FollowingCtrlC.Followed followed() {
    return new FollowingCtrlC.Followed(
        path(),
        id,
        "this command owned the home; the run ends at a checkpoint in a few seconds unless another"
            + " command watches it: ./lathe runs watch "
            + id,
        "the run goes on; follow it with ./lathe runs watch " + id);
  }
}
