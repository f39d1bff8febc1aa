package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.pipelines.jobs.FinetuneRequest;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.jobs.Reproduction;
import dev.lathe.pipelines.jobs.Reproductions;
import dev.lathe.pipelines.supervision.JournalTail;
import dev.lathe.registry.runs.Point;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunView;
import jakarta.servlet.http.HttpServletResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Training runs: start, follow, stop, resume, compare. An id's unique piece is enough. */
@RestController
@RequestMapping("/api/runs")
class RunsApi {
  private static final int PIECE = 500;
  private static final long LOOK_MILLIS = 150;
  private static final int LOOKS_A_SIGN = 10;

  private final Finetunes finetunes;
  private final Reproductions reproductions;
  private final RunRegistry registry;
  private final JsonMapper json;

  RunsApi(Finetunes finetunes, Reproductions reproductions, RunRegistry registry, JsonMapper json) {
    this.finetunes = finetunes;
    this.reproductions = reproductions;
    this.registry = registry;
    this.json = json;
  }

  record Listing(List<RunView> items) {}

  record Started(String id) {}

  @PostMapping
  Started start(@RequestBody FinetuneRequest request) {
    return new Started(finetunes.start(request).id());
  }

  /** What such a run would take. */
  @PostMapping("estimate")
  void estimate(@RequestBody FinetuneRequest request, HttpServletResponse response)
      throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          progress.accept(Map.of("stage", "trying a micro-batch", "done", 0, "total", 0));
          return finetunes.estimate(request);
        });
  }

  @GetMapping
  Listing list() {
    return new Listing(finetunes.list());
  }

  /** Runs a completed run again, from its lineage. */
  @PostMapping("{id}/reproduce")
  Started reproduce(@PathVariable String id) {
    return new Started(reproductions.start(id).id());
  }

  /** How far a run is the one that it was started to reproduce. */
  @GetMapping("{id}/reproduction")
  Reproduction reproduction(@PathVariable String id) {
    return reproductions.compare(id);
  }

  @GetMapping("{id}")
  RunView show(@PathVariable String id) {
    return finetunes.show(id);
  }

  /**
   * The journal's records behind {@code after}; with {@code follow}, until the run has ended and
   * everything of it is told.
   */
  @GetMapping("{id}/journal")
  void journal(
      @PathVariable String id,
      @RequestParam(defaultValue = "0") long after,
      @RequestParam(defaultValue = "false") boolean follow,
      HttpServletResponse response)
      throws Exception {
    var run = finetunes.find(id);
    NdJson.stream(
        response,
        json,
        out -> {
          var tail = JournalTail.after(run.journal(), after);
          for (int looks = 0; ; looks++) {
            boolean active = finetunes.active(run.id());
            var records = tail.poll(PIECE);
            records.forEach(r -> out.record(LiveApi.line(r)));
            if (records.isEmpty() && !(follow && active)) {
              return;
            }
            if (records.isEmpty()) {
              if (looks % LOOKS_A_SIGN == 0) {
                out.signOfLife();
              }
              Thread.sleep(LOOK_MILLIS);
            }
          }
        });
  }

  record Series(String id, String name, List<Point> points) {}

  /** A curve, thinned to about {@code points} without losing its peaks. */
  @GetMapping("{id}/metrics")
  Series metrics(
      @PathVariable String id,
      @RequestParam String name,
      @RequestParam(defaultValue = "500") int points) {
    var run = finetunes.find(id).id();
    var series = registry.series(run, name, points);
    if (series.isEmpty() && !registry.curves(run).contains(name)) {
      throw new BadInput(
          "The run has no such curve", name, DidYouMean.remedy(name, registry.curves(run)));
    }
    return new Series(run, name, series);
  }

  @PostMapping("{id}/stop")
  Asked stop(@PathVariable String id) {
    var run = finetunes.find(id).id();
    finetunes.stop(run);
    return new Asked(run, "stopping");
  }

  @PostMapping("{id}/pause")
  Asked pause(@PathVariable String id) {
    var run = finetunes.find(id).id();
    finetunes.pause(run);
    return new Asked(run, "pausing");
  }

  @PostMapping("{id}/resume")
  Finetunes.Resumed resume(@PathVariable String id, @RequestBody Resume how) {
    return finetunes.resume(id, how.isInexact());
  }

  /**
   * @param recipe the keys in which the runs differ: key, then value by run
   */
  record Comparison(List<RunView> items, Map<String, Map<String, @Nullable Object>> recipe) {}

  @GetMapping("compare")
  Comparison compare(@RequestParam List<String> ids) {
    var runs = ids.stream().map(finetunes::show).toList();
    var keys = new TreeSet<String>();
    runs.forEach(r -> keys.addAll(r.recipe().keySet()));
    var different = new LinkedHashMap<String, Map<String, @Nullable Object>>();
    for (var key : keys) {
      var first = runs.getFirst().recipe().get(key);
      if (runs.stream().allMatch(r -> Objects.equals(r.recipe().get(key), first))) {
        continue;
      }
      var values = new LinkedHashMap<String, @Nullable Object>();
      runs.forEach(r -> values.put(r.id(), r.recipe().get(key)));
      different.put(key, values);
    }
    return new Comparison(runs, different);
  }
}
