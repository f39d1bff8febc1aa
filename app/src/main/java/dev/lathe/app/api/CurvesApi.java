package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.registry.runs.Curve;
import dev.lathe.registry.runs.RunRegistry;
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

  private final Finetunes finetunes;
  private final RunRegistry registry;

  CurvesApi(Finetunes finetunes, RunRegistry registry) {
    this.finetunes = finetunes;
    this.registry = registry;
  }

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
    var run = finetunes.find(id).id();
    var drawn = new LinkedHashMap<String, Drawn>();
    registry.thinned(run, names, points).forEach((name, c) -> drawn.put(name, Drawn.of(c)));
    return new Curves(run, drawn);
  }
}
