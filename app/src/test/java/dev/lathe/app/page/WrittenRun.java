package dev.lathe.app.page;

import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.supervision.Supervised;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs made by writing their journals, as a run process would. */
final class WrittenRun {
  private WrittenRun() {}

  /** A directory with nothing in its journal. */
  static RunDirectory create(Path runs, String id, String model) {
    var run = RunDirectory.of(runs.resolve(id));
    run.create(
        new RunSpec(
            id,
            model,
            new RunSpec.BaseRef("tiny", "ab".repeat(32), "/nowhere"),
            new RunSpec.DatasetRef("desk@1", "cd".repeat(32), "/nowhere"),
            Map.of("rank", 8, "learningRate", 0.001, "targets", List.of("q", "v")),
            Instant.parse("2026-11-21T12:00:00Z"),
            "test"));
    return run;
  }

  /** A completed run. */
  static RunDirectory completed(Path runs, String id, String model, int steps) {
    var run = create(runs, id, model);
    try (var journal = Journal.open(run.journal())) {
      journal.append("started", Map.of("fromStep", 0, "steps", steps, "exact", true));
      journal.append("eval", Map.of("step", 0, "loss", 3.1));
      for (int step = 1; step <= steps; step++) {
        journal.append("step", step(step, steps));
      }
      journal.append("eval", Map.of("step", steps, "loss", 1.2));
      journal.append("ended", Map.of("state", "completed", "step", steps, "evalLoss", 1.2));
    }
    run.write(new Supervised(0, null, 900, 0, null, null));
    return run;
  }

  static Map<String, Object> step(int step, int steps) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("step", step);
    fields.put("steps", steps);
    fields.put("loss", 1 + 2 * Math.exp(-5.0 * step / steps) + 0.2 * Math.sin(step));
    fields.put("learningRate", 0.001 * (1 - (double) step / steps));
    fields.put("tokens", step * 1000L);
    fields.put("labelTokens", step * 300L);
    fields.put("seconds", step * 0.1);
    fields.put("tokensPerSecond", 10_000 + 500 * Math.sin(step / 10.0));
    fields.put("rssMiB", 800 + step % 7);
    return fields;
  }
}
