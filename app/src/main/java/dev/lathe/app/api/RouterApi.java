package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.Admission;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.Planning;
import dev.lathe.serving.routing.Switches;
import dev.lathe.serving.routing.cache.AnswerCache;
import dev.lathe.serving.routing.health.Health;
import dev.lathe.serving.routing.strategy.Candidate;
import dev.lathe.serving.routing.strategy.Plan;
import dev.lathe.serving.settings.RoutingSettings;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** How the router chooses, told and switched while it runs. */
@RestController
@RequestMapping("/api/router")
class RouterApi {
  private final Planning planning;
  private final Switches switches;
  private final Health health;
  private final AnswerCache cache;

  RouterApi(Planning planning, Switches switches, Health health, AnswerCache cache) {
    this.cache = cache;
    this.planning = planning;
    this.switches = switches;
    this.health = health;
  }

  /**
   * @param switched whether the strategy is another one than lathe.yaml's
   * @param fallback whether another target is asked when the first does not answer
   * @param candidates what {@code auto} can choose from
   * @param cache answers that are given again
   * @param targets how whatever was asked fares
   */
  record Standing(
      String strategy,
      boolean switched,
      boolean fallback,
      List<Choice> candidates,
      List<Health.Told> targets,
      AnswerCache.Told cache) {}

  /**
   * Something that {@code auto} can choose.
   *
   * @param place {@code local}, {@code ollama}, {@code remote}
   * @param firstByteMs null while nobody asked it
   * @param usd what such a request would cost; null when nobody knows
   * @param unfit why it takes no request now; null when it does
   */
  record Choice(
      String name,
      String place,
      String kind,
      boolean here,
      boolean tools,
      boolean media,
      int contextLength,
      boolean ready,
      @Nullable Double firstByteMs,
      int waiting,
      @Nullable Double usd,
      @Nullable String unfit) {
    static Choice of(Candidate c) {
      return new Choice(
          c.name(),
          c.place().name().toLowerCase(Locale.ROOT),
          c.kind(),
          c.here(),
          c.tools(),
          c.media(),
          c.contextLength(),
          c.ready(),
          known(c.firstByteMs()),
          c.waiting(),
          known(c.usd()),
          c.unfit());
    }

    private static @Nullable Double known(double value) {
      return Double.isNaN(value) ? null : value;
    }
  }

  @GetMapping
  Standing standing() {
    return new Standing(
        planning.strategy().wire(),
        switches.strategy().isPresent(),
        switches.fallback(),
        planning.candidates().stream().map(Choice::of).toList(),
        health.told(),
        cache.told());
  }

  /**
   * @param strategy null for lathe.yaml's
   */
  record NewStrategy(@Nullable String strategy) {}

  @PutMapping("strategy")
  Standing strategy(@RequestBody NewStrategy wanted) {
    var name = wanted.strategy();
    switches.strategy(name == null ? null : RoutingSettings.named(name));
    return standing();
  }

  record Fallback(@Nullable Boolean active) {}

  @PutMapping("fallback")
  Standing fallback(@RequestBody Fallback wanted) {
    var active = wanted.active();
    if (active == null) {
      throw new BadInput("nothing says which", "active", "Send {\"active\": true} or false.");
    }
    switches.fallback(active);
    return standing();
  }

  /**
   * @param because what the classifier went by
   */
  record Explained(
      String task, double complexity, List<String> because, Plan plan, List<Choice> candidates) {}

  /** What {@code auto} would do with a chat completion, which is sent nowhere. */
  @PostMapping("explain")
  Explained explain(
      @RequestBody byte[] body,
      @RequestHeader(value = "x-lathe-strategy", required = false) @Nullable String strategy) {
    try {
      var told =
          planning.explain(ChatRequest.read(body), new Asker(null, strategy, Admission.FREE));
      return new Explained(
          told.task(),
          told.complexity(),
          told.because(),
          told.plan(),
          told.candidates().stream().map(Choice::of).toList());
    } catch (WireError e) {
      throw new BadInput(e.message(), e.param(), "Mend the request.", e);
    }
  }
}
