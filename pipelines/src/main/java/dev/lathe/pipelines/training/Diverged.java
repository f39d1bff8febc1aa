package dev.lathe.pipelines.training;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Training went astray: what the adapter learnt since the last checkpoint is worthless. */
final class Diverged extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int MOST_NAMED = 20;

  private Diverged(String what, long step, Drawn drawn, List<String> conversations) {
    super(
        "%s at step %d (epoch %d, micro-batch %d; conversations %s)"
            .formatted(
                what, step, drawn.first().epoch(), drawn.first().batch(), named(conversations)));
  }

  /**
   * A loss or the gradient's norm is no number.
   *
   * @param losses of the step's micro-batches
   */
  static Diverged noNumber(long step, double norm, Drawn drawn, double[] losses) {
    for (int i = 0; i < losses.length; i++) {
      if (!Double.isFinite(losses[i])) {
        return new Diverged(
            "The loss is %s".formatted(losses[i]), step, drawn, drawn.conversations(i));
      }
    }
    // Losses that are all fine accuse none of them: all of the step stand for the gradient.
    return new Diverged(
        "The gradient's norm is %s".formatted(norm), step, drawn, drawn.conversations());
  }

  /**
   * The mean of the last steps' losses lies far above its lowest.
   *
   * @param means the losses of the step's micro-batches, each as if it were the whole step
   */
  static Diverged exploded(TrainingState state, Drawn drawn, double[] means) {
    int worst = 0;
    for (int i = 1; i < means.length; i++) {
      worst = means[i] > means[worst] ? i : worst;
    }
    return new Diverged(
        String.format(
            Locale.ROOT,
            "The loss has exploded: its mean over the last steps is %.3f and was %.3f; it is %.3f",
            state.level().mean(),
            state.level().lowest(),
            state.loss()),
        state.step(),
        drawn,
        drawn.conversations(worst));
  }

  private static String named(List<String> ids) {
    var shown = ids.stream().limit(MOST_NAMED).collect(Collectors.joining(", "));
    return ids.size() > MOST_NAMED ? shown + " and " + (ids.size() - MOST_NAMED) + " more" : shown;
  }
}
