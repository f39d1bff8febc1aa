package dev.lathe.registry.runs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a journal says so far, record by record. A pure fold: the same journal gives the same value,
 * however often and in whatever pieces it is read.
 *
 * @param seq the last record folded in
 * @param position where the reader goes on, in the reader's own words
 * @param startedSeq the last {@code started} record, 0 before the first
 * @param endedSeq the last {@code ended} record, 0 before the first
 * @param seconds from the first to the last optimizer step
 * @param inexact whether a resume gave up bit-for-bit equality
 */
public record RunFold(
    long seq,
    String position,
    long startedSeq,
    long endedSeq,
    @Nullable RunState endedState,
    @Nullable String endedError,
    long step,
    @Nullable Long steps,
    long tokens,
    long labelTokens,
    double seconds,
    @Nullable Double loss,
    @Nullable Double evalLoss,
    @Nullable Double evalLossBefore,
    @Nullable String adapterSha256,
    boolean inexact) {

  static RunFold start(String position) {
    return new RunFold(
        0, position, 0, 0, null, null, 0, null, 0, 0, 0, null, null, null, null, false);
  }

  /** Whether the last thing the journal tells is an end. */
  public boolean endedLast() {
    return endedSeq > startedSeq;
  }

  RunFold with(List<RunRecord> records, String position) {
    var fold = new Mutable(this);
    records.forEach(fold::take);
    return fold.toFold(position);
  }

  /** The fold in the making, for one batch. */
  private static final class Mutable {
    private long seq;
    private long startedSeq;
    private long endedSeq;
    private @Nullable RunState endedState;
    private @Nullable String endedError;
    private long step;
    private @Nullable Long steps;
    private long tokens;
    private long labelTokens;
    private double seconds;
    private @Nullable Double loss;
    private @Nullable Double evalLoss;
    private @Nullable Double evalLossBefore;
    private @Nullable String adapterSha256;
    private boolean inexact;

    Mutable(RunFold f) {
      seq = f.seq;
      startedSeq = f.startedSeq;
      endedSeq = f.endedSeq;
      endedState = f.endedState;
      endedError = f.endedError;
      step = f.step;
      steps = f.steps;
      tokens = f.tokens;
      labelTokens = f.labelTokens;
      seconds = f.seconds;
      loss = f.loss;
      evalLoss = f.evalLoss;
      evalLossBefore = f.evalLossBefore;
      adapterSha256 = f.adapterSha256;
      inexact = f.inexact;
    }

    void take(RunRecord r) {
      seq = r.seq();
      switch (r.type()) {
        case "started" -> started(r);
        case "step" -> step(r);
        case "eval" -> eval(r);
        case "ended" -> ended(r);
        default -> {
          // checkpoints, events and samples change no number here
        }
      }
    }

    private void started(RunRecord r) {
      startedSeq = r.seq();
      step = r.whole("fromStep", step);
      steps = r.whole("steps", steps == null ? 0 : steps);
      inexact = inexact || Boolean.FALSE.equals(r.fields().get("exact"));
      if (step == 0) {
        tokens = 0;
        labelTokens = 0;
        seconds = 0;
        loss = null;
        evalLoss = null;
      }
    }

    private void step(RunRecord r) {
      step = r.whole("step", step);
      steps = r.whole("steps", steps == null ? 0 : steps);
      tokens = r.whole("tokens", tokens);
      labelTokens = r.whole("labelTokens", labelTokens);
      var spent = r.number("seconds");
      seconds = spent == null ? seconds : spent;
      var now = r.number("loss");
      loss = now == null ? loss : now;
    }

    private void eval(RunRecord r) {
      if (r.whole("step", 0) == 0) {
        evalLossBefore = r.number("loss");
      } else {
        evalLoss = r.number("loss");
      }
    }

    private void ended(RunRecord r) {
      endedSeq = r.seq();
      var state = r.text("state");
      endedState = state == null ? RunState.FAILED : RunState.of(state);
      endedError = r.text("error");
      step = r.whole("step", step);
      // A run that ended early has no last validation: what it states then is an earlier one.
      var last = endedState == RunState.COMPLETED ? r.number("evalLoss") : null;
      evalLoss = last == null ? evalLoss : last;
      var before = r.number("evalLossBefore");
      evalLossBefore = before == null ? evalLossBefore : before;
      var hash = r.text("adapterSha256");
      adapterSha256 = hash == null ? adapterSha256 : hash;
    }

    RunFold toFold(String position) {
      return new RunFold(
          seq,
          position,
          startedSeq,
          endedSeq,
          endedState,
          endedError,
          step,
          steps,
          tokens,
          labelTokens,
          seconds,
          loss,
          evalLoss,
          evalLossBefore,
          adapterSha256,
          inexact);
    }
  }
}
