package dev.lathe.app.openai;

import dev.lathe.registry.runs.Point;
import dev.lathe.registry.runs.RunRegistry;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A run's figures under OpenAI's names. */
final class JobFigures {
  /** OpenAI's name of a curve; others keep Lathe's. */
  private static final SequencedMap<String, String> NAMES = names();

  /** Of the machine, not of the model. */
  private static final List<String> LEFT_OUT = List.of("rssMiB", "tokensPerSecond", "seconds");

  private final RunRegistry registry;
  private final FileStore files;

  JobFigures(RunRegistry registry, FileStore files) {
    this.registry = registry;
    this.files = files;
  }

  private static SequencedMap<String, String> names() {
    var names = new LinkedHashMap<String, String>();
    names.put("loss", "train_loss");
    names.put("evalLoss", "valid_loss");
    names.put("evalTokenAccuracy", "valid_mean_token_accuracy");
    return names;
  }

  /** Every step's figures, by step and then by name. */
  SortedMap<Long, Map<String, Double>> bySteps(String run, List<String> curves) {
    var steps = new TreeMap<Long, Map<String, Double>>();
    for (var curve : curves) {
      for (Point point : registry.series(run, curve, Integer.MAX_VALUE)) {
        steps
            .computeIfAbsent(point.step(), s -> new LinkedHashMap<>())
            .put(name(curve), point.value());
      }
    }
    return steps;
  }

  /** What OpenAI's checkpoints tell, by step. */
  SortedMap<Long, Map<String, Double>> metrics(String run) {
    return bySteps(run, List.copyOf(NAMES.keySet()));
  }

  static String name(String curve) {
    return Objects.requireNonNullElse(NAMES.get(curve), curve);
  }

  /** Keeps all figures of a job's run as a file, a line a step. */
  StoredFile keep(JobDirectory job) {
    return files.add(
        file -> {
          write(job.spec().run(), file);
          return new FileStore.Described("step_metrics.csv", Purpose.FINE_TUNE_RESULTS, null);
        });
  }

  private void write(String run, Path file) throws IOException {
    var there = registry.curves(run).stream().filter(c -> !LEFT_OUT.contains(c)).toList();
    var steps = bySteps(run, there);
    var columns = new ArrayList<>(NAMES.values());
    there.stream().map(JobFigures::name).filter(n -> !columns.contains(n)).forEach(columns::add);
    try (var out = Files.newBufferedWriter(file)) {
      out.write("step," + String.join(",", columns) + "\n");
      for (var step : steps.entrySet()) {
        row(out, step.getKey(), step.getValue(), columns);
      }
    }
  }

  private static void row(
      BufferedWriter out, long step, Map<String, Double> figures, List<String> columns)
      throws IOException {
    out.write(Long.toString(step));
    for (var column : columns) {
      out.write(',');
      out.write(text(figures.get(column)));
    }
    out.write('\n');
  }

  private static String text(@Nullable Double value) {
    return value == null ? "" : Double.toString(value);
  }
}
