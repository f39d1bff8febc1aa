package dev.lathe.serving.routing.tasks;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.wire.ChatRequest;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides by weights that were learnt from labelled requests: one {@link Regression} for the kind
 * of work, one for how hard it is.
 */
public final class TrainedClassifier implements TaskClassifier {
  private static final int TOLD = 4;

  /** The middles of the bands. */
  private static final double[] CENTRES = {0.15, 0.5, 0.85};

  private final Regression tasks;
  private final Regression bands;

  TrainedClassifier(Regression tasks, Regression bands) {
    this.tasks = tasks;
    this.bands = bands;
  }

  /**
   * Reads what {@code ./lathe router train} wrote.
   *
   * @throws BadInput when there is no such file, or it is another thing, damaged, or of another
   *     version
   */
  public static TrainedClassifier load(Path file) {
    return ClassifierFile.read(file);
  }

  @Override
  public Assessment assess(ChatRequest request) {
    var features = Features.of(request);
    int task = most(tasks.probabilities(features));
    double[] p = bands.probabilities(features);
    double complexity = 0;
    for (int band = 0; band < p.length; band++) {
      complexity += p[band] * CENTRES[band];
    }
    return new Assessment(
        TaskClass.values()[task], Math.round(complexity * 100) / 100.0, because(features, task));
  }

  private static int most(double[] p) {
    int most = 0;
    for (int i = 1; i < p.length; i++) {
      most = p[i] > p[most] ? i : most;
    }
    return most;
  }

  private List<String> because(Features features, int task) {
    Map<String, Float> said = new HashMap<>();
    for (int i = 0; i < features.size(); i++) {
      float for_ = tasks.speaksFor(features, i, task);
      if (for_ > 0.05f) {
        said.merge(features.name(i), for_, Float::sum);
      }
    }
    var strongest =
        said.entrySet().stream()
            .filter(e -> e.getKey().length() > 1 && !e.getKey().equals("always"))
            .sorted(
                Map.Entry.<String, Float>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .limit(TOLD)
            .map(Map.Entry::getKey)
            .toList();
    return strongest.isEmpty() ? List.of("learnt") : strongest;
  }

  Regression tasks() {
    return tasks;
  }

  Regression bands() {
    return bands;
  }
}
