package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.registry.runs.Curve;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRegistry;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Several curves of a run in one answer, as small as drawing allows. */
@RestController
@RequestMapping("/api/runs/{id}/curves")
class CurvesApi {
  private static final int MOST = 10_000;
  private static final int REMEMBERED = 100;

  private final Finetunes finetunes;
  private final RunRegistry registry;
  private final RunImport imports;

  /** What was drawn lately: thinning a long curve reads every point of it. */
  private final Map<Wanted, Remembered> lately =
      Collections.synchronizedMap(
          new LinkedHashMap<>(REMEMBERED, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Wanted, Remembered> eldest) {
              return size() > REMEMBERED;
            }
          });

  CurvesApi(Finetunes finetunes, RunRegistry registry, RunImport imports) {
    this.finetunes = finetunes;
    this.registry = registry;
    this.imports = imports;
  }

  private record Wanted(String run, List<String> names, int points) {}

  /**
   * @param position how far the run's journal was imported
   */
  private record Remembered(String position, Curves curves) {}

  /**
   * @param points {@code [step, value]}
   * @param means {@code [step, mean, count]} of each bucket; empty when every point is there
   */
  record Drawn(List<List<Number>> points, List<List<Number>> means) {
    static Drawn of(Curve curve) {
      return new Drawn(
          curve.points().stream().map(p -> List.<Number>of(p.step(), p.value())).toList(),
          curve.means().stream()
              .map(m -> List.<Number>of(m.step(), m.value(), m.count()))
              .toList());
    }
  }

  record Curves(String id, Map<String, Drawn> curves) {}

  /**
   * Names that the run has no curve of (yet) are left out.
   *
   * @param points of each curve, about; peaks survive the thinning
   */
  @GetMapping
  Curves curves(
      @PathVariable String id,
      @RequestParam List<String> names,
      @RequestParam(defaultValue = "800") int points) {
    if (points < 4 || points > MOST) {
      throw new BadInput(
          "a curve is thinned to between 4 and " + MOST + " points",
          Integer.toString(points),
          "Mend the parameter 'points'.");
    }
    var wanted = new Wanted(finetunes.find(id).id(), List.copyOf(names), points);
    var imported = imports.imported(wanted.run());
    var position = imported == null ? "" : imported.position();
    var before = lately.get(wanted);
    if (before != null && before.position().equals(position)) {
      return before.curves();
    }
    var drawn = drawn(wanted);
    lately.put(wanted, new Remembered(position, drawn));
    return drawn;
  }

  private Curves drawn(Wanted wanted) {
    var drawn = new LinkedHashMap<String, Drawn>();
    registry
        .thinned(wanted.run(), wanted.names(), wanted.points())
        .forEach((name, curve) -> drawn.put(name, Drawn.of(curve)));
    return new Curves(wanted.run(), drawn);
  }
}
