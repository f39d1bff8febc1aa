package dev.lathe.pipelines.training;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a run stands between two optimizer steps: with the adapter and AdamW's moments it is all
 * that a resume needs. There is no random state to keep, because every random choice is a function
 * of the recipe's seed and the position.
 *
 * @param step optimizer steps done
 * @param next the micro-batch to come
 * @param tokens non-padding tokens trained on so far, labelTokens those that were learnt
 * @param seconds from the first optimizer step's beginning to the last one's end, pauses left out
 * @param loss of the last step; NaN before the first
 * @param best the evaluation with the lowest loss so far
 * @param level where the loss of the steps stands
 * @param scale what gradients are multiplied with on their way
 * @param evalLossBefore validation loss of the untrained adapter; NaN without a validation split
 */
public record TrainingState(
    long step,
    DataOrder.Position next,
    long tokens,
    long labelTokens,
    double seconds,
    double loss,
    double evalLossBefore,
    Best best,
    LossLevel level,
    LossScale scale) {

  /**
   * The lowest validation loss of a trained adapter.
   *
   * @param step where it was found; -1 before the first evaluation
   * @param misses evaluations since then
   */
  record Best(long step, double loss, int misses) {
    static final Best NONE = new Best(-1, Double.POSITIVE_INFINITY, 0);

    Best after(long evaluated, double found) {
      return found < loss ? new Best(evaluated, found, 0) : new Best(step, loss, misses + 1);
    }
  }

  static final TrainingState START =
      new TrainingState(
          0,
          DataOrder.Position.START,
          0,
          0,
          0,
          Double.NaN,
          Double.NaN,
          Best.NONE,
          LossLevel.NONE,
          LossScale.NONE);

  /** After one more optimizer step. */
  TrainingState advanced(
      DataOrder.Position position, long newTokens, long newLabels, double stepLoss) {
    return new TrainingState(
        step + 1,
        position,
        tokens + newTokens,
        labelTokens + newLabels,
        seconds,
        stepLoss,
        evalLossBefore,
        best,
        level.after(stepLoss),
        scale);
  }

  TrainingState withSeconds(double value) {
    return new TrainingState(
        step, next, tokens, labelTokens, value, loss, evalLossBefore, best, level, scale);
  }

  TrainingState withEvalLossBefore(double value) {
    return new TrainingState(
        step, next, tokens, labelTokens, seconds, loss, value, best, level, scale);
  }

  TrainingState withScale(LossScale value) {
    return new TrainingState(
        step, next, tokens, labelTokens, seconds, loss, evalLossBefore, best, level, value);
  }

  /** After an evaluation of a trained adapter. */
  TrainingState evaluated(double found) {
    return new TrainingState(
        step,
        next,
        tokens,
        labelTokens,
        seconds,
        loss,
        evalLossBefore,
        best.after(step, found),
        level,
        scale);
  }

  /** For a checkpoint's manifest; doubles as text, because JSON knows no NaN. */
  Map<String, Object> toMap() {
    var m = new LinkedHashMap<String, Object>();
    m.put("step", step);
    m.put("epoch", next.epoch());
    m.put("batch", next.batch());
    m.put("tokens", tokens);
    m.put("labelTokens", labelTokens);
    m.put("seconds", Double.toString(seconds));
    m.put("loss", Double.toString(loss));
    m.put("evalLossBefore", Double.toString(evalLossBefore));
    m.put("bestStep", best.step());
    m.put("bestLoss", Double.toString(best.loss()));
    m.put("misses", best.misses());
    m.put("levelSteps", level.steps());
    m.put("levelMean", Double.toString(level.mean()));
    m.put("levelLowest", Double.toString(level.lowest()));
    if (scale.scales()) {
      m.put("scale", scale.factor());
      m.put("scaleClean", scale.clean());
      m.put("scaleSkipped", scale.skipped());
    }
    return m;
  }

  static TrainingState of(Map<String, ?> m) {
    return new TrainingState(
        number(m, "step").longValue(),
        new DataOrder.Position(number(m, "epoch").intValue(), number(m, "batch").intValue()),
        number(m, "tokens").longValue(),
        number(m, "labelTokens").longValue(),
        real(m, "seconds"),
        real(m, "loss"),
        real(m, "evalLossBefore"),
        // Checkpoints of before there were best ones know of none.
        m.containsKey("bestStep")
            ? new Best(
                number(m, "bestStep").longValue(),
                real(m, "bestLoss"),
                number(m, "misses").intValue())
            : Best.NONE,
        m.containsKey("levelSteps")
            ? new LossLevel(
                number(m, "levelSteps").longValue(), real(m, "levelMean"), real(m, "levelLowest"))
            : LossLevel.NONE,
        m.containsKey("scale")
            ? new LossScale(
                number(m, "scale").doubleValue(),
                number(m, "scaleClean").intValue(),
                number(m, "scaleSkipped").longValue())
            : LossScale.NONE);
  }

  private static double real(Map<String, ?> m, String key) {
    return Double.parseDouble(String.valueOf(m.get(key)));
  }

  private static Number number(Map<String, ?> m, String key) {
    if (m.get(key) instanceof Number n) {
      return n;
    }
    throw new IllegalArgumentException("the checkpoint's state has no " + key);
  }
}
