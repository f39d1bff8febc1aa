package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.serving.experiments.Arm;
import dev.lathe.serving.experiments.Experiment;
import dev.lathe.serving.experiments.ExperimentConflict;
import dev.lathe.serving.experiments.ExperimentReport;
import dev.lathe.serving.experiments.Experiments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A/B experiments: start, look, weigh, stop. Every answer about one tells how it stands. */
@RestController
@RequestMapping("/api/experiments")
class ExperimentsApi {
  private final Experiments experiments;

  ExperimentsApi(Experiments experiments) {
    this.experiments = experiments;
  }

  /**
   * @param weight 1 when left out
   */
  record WantedArm(@Nullable String target, @Nullable Double weight) {}

  record Wanted(@Nullable String id, @Nullable List<WantedArm> arms) {}

  record Weights(@Nullable List<WantedArm> arms) {}

  record Listing(List<Experiment> items) {}

  @PostMapping
  ExperimentReport start(@RequestBody Wanted wanted) {
    var arms = new ArrayList<Arm>();
    for (var arm : arms(wanted.arms())) {
      arms.add(new Arm(target(arm), arm.weight() == null ? 1 : arm.weight()));
    }
    var id = wanted.id();
    if (id == null) {
      throw new BadInput("an experiment needs an id", null, "Send {\"id\": …, \"arms\": […]}.");
    }
    return told(() -> experiments.start(id, arms));
  }

  @GetMapping
  Listing list() {
    return new Listing(experiments.list());
  }

  @GetMapping("{id}")
  ExperimentReport show(@PathVariable String id, @RequestParam @Nullable Integer phase) {
    return experiments.show(known(id), phase);
  }

  /** Other weights of the arms named; the others keep theirs. */
  @PutMapping("{id}/weights")
  ExperimentReport weigh(@PathVariable String id, @RequestBody Weights wanted) {
    var weights = new LinkedHashMap<String, Double>();
    for (var arm : arms(wanted.arms())) {
      var weight = arm.weight();
      if (weight == null) {
        throw new BadInput("the arm has no weight", target(arm), "Send {target, weight}.");
      }
      weights.put(target(arm), weight);
    }
    return told(() -> experiments.weigh(known(id), Map.copyOf(weights)));
  }

  @PostMapping("{id}/stop")
  ExperimentReport stop(@PathVariable String id) {
    return told(() -> experiments.stop(known(id)));
  }

  private ExperimentReport told(Supplier<Experiment> change) {
    try {
      return experiments.show(change.get().id(), null);
    } catch (ExperimentConflict e) {
      throw new Conflict(e.what(), e.value(), e.remedy());
    }
  }

  private String known(String id) {
    if (experiments.find(id).isEmpty()) {
      var ids = experiments.list().stream().map(Experiment::id).toList();
      throw new NotFound(
          "there is no such experiment",
          id,
          ids.isEmpty() ? "'./lathe experiment start' begins one." : DidYouMean.remedy(id, ids));
    }
    return id;
  }

  private static List<WantedArm> arms(@Nullable List<WantedArm> given) {
    if (given == null) {
      throw new BadInput(
          "the arms are missing", null, "Send {\"arms\": [{\"target\": …, \"weight\": …}, …]}.");
    }
    return given;
  }

  private static String target(@Nullable WantedArm arm) {
    var target = arm == null ? null : arm.target();
    if (target == null) {
      throw new BadInput("an arm has no target", null, "Send {\"target\": …, \"weight\": …}.");
    }
    return target;
  }
}
