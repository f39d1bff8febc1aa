package dev.lathe.pipelines.sweeps;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.registry.runs.RunState;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What makes a trial better than another. */
public enum Metric {
  /** Loss on the validation split, lower is better. */
  EVAL_LOSS("evalLoss", true, true),
  /** Share of the validation split's labelled tokens that were the likeliest, higher is better. */
  TOKEN_ACCURACY("tokenAccuracy", false, true),
  /** Loss of the last training step, lower is better. Says little about what was not trained on. */
  LOSS("loss", true, false);

  private final String word;
  private final boolean lowerIsBetter;
  private final boolean onValidation;

  Metric(String word, boolean lowerIsBetter, boolean onValidation) {
    this.word = word;
    this.lowerIsBetter = lowerIsBetter;
    this.onValidation = onValidation;
  }

  @JsonValue
  public String word() {
    return word;
  }

  boolean onValidation() {
    return onValidation;
  }

  /**
   * @throws BadInput for a word that names none
   */
  @JsonCreator
  public static Metric of(String word) {
    var words = Stream.of(values()).map(Metric::word).toList();
    return Stream.of(values())
        .filter(m -> m.word.equals(word))
        .findFirst()
        .orElseThrow(
            () -> new BadInput("There is no such metric", word, DidYouMean.remedy(word, words)));
  }

  @Nullable Double of(TrialView trial) {
    return switch (this) {
      case EVAL_LOSS -> trial.evalLoss();
      case TOKEN_ACCURACY -> trial.tokenAccuracy();
      case LOSS -> trial.loss();
    };
  }

  /** The best of the completed trials, the first of equals; empty when none has the metric. */
  Optional<TrialView> best(List<TrialView> trials) {
    Comparator<TrialView> better = Comparator.comparingDouble(this::rank);
    return trials.stream()
        .filter(t -> t.state() == RunState.COMPLETED)
        .filter(t -> Double.isFinite(rank(t)))
        .min(better.thenComparingInt(TrialView::number));
  }

  private double rank(TrialView trial) {
    var value = of(trial);
    return value == null ? Double.NaN : lowerIsBetter ? value : -value;
  }
}
