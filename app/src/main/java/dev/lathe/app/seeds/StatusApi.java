package dev.lathe.app.seeds;

import dev.lathe.app.owner.Release;
import dev.lathe.serving.routing.Planning;
import dev.lathe.serving.routing.Switches;
import dev.lathe.serving.routing.strategy.Candidate;
import dev.lathe.serving.routing.strategy.Place;
import dev.lathe.serving.settings.RoutingSettings;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Whether there is anything to ask, and how it is chosen. */
@RestController
@RequestMapping("/api/ai")
class StatusApi {
  private final Planning planning;
  private final Switches switches;

  StatusApi(Planning planning, Switches switches) {
    this.planning = planning;
    this.switches = switches;
  }

  record Available(boolean available) {}

  record Status(Available claude, Available local, String strategy) {}

  @GetMapping("status")
  Status status() {
    var all = planning.candidates();
    return new Status(
        new Available(any(all, c -> c.kind().equals("anthropic"))),
        new Available(any(all, c -> c.place() == Place.LOCAL)),
        planning.strategy().wire());
  }

  private static boolean any(List<Candidate> all, Predicate<Candidate> these) {
    return all.stream().filter(these).anyMatch(c -> c.unfit() == null && c.ready());
  }

  record NewStrategy(@Nullable String strategy) {}

  @PutMapping("strategy")
  Status strategy(@RequestBody NewStrategy wanted) {
    var name = wanted.strategy();
    if (name == null) {
      throw new AiProblem(400, "strategy is required", null);
    }
    switches.strategy(RoutingSettings.named(name));
    return status();
  }

  /**
   * @param status {@code healthy}, or {@code unhealthy} when nothing can be asked
   */
  record Health(String status, String version, boolean fallback_active, int models_available) {}

  @GetMapping("health")
  Health health() {
    int available =
        (int) planning.candidates().stream().filter(c -> c.unfit() == null && c.ready()).count();
    return new Health(
        available > 0 ? "healthy" : "unhealthy", Release.VERSION, switches.fallback(), available);
  }

  record Fallback(@Nullable Boolean active) {}

  record FallbackSet(boolean fallback_active) {}

  @PutMapping("fallback")
  FallbackSet fallback(@RequestBody Fallback wanted) {
    var active = wanted.active();
    if (active == null) {
      throw new AiProblem(400, "active is required", "true or false");
    }
    switches.fallback(active);
    return new FallbackSet(active);
  }
}
