package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.jobs.Registrations;
import dev.lathe.registry.audit.Decision;
import dev.lathe.registry.models.ModelRef;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.registry.promotion.Expectation;
import dev.lathe.registry.promotion.GateResult;
import dev.lathe.registry.promotion.Gates;
import dev.lathe.registry.promotion.NewPromotion;
import dev.lathe.registry.promotion.Promotion;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Changes of the registry: promotion through the gates, rollback, protection, tags. */
@RestController
@RequestMapping("/api/models")
class PromotionsApi {
  private final ModelRegistry models;
  private final Aliases aliases;
  private final Registrations registrations;
  private final Finetunes finetunes;
  private final Gates gates;
  private final SuiteGates suites;
  private final JsonMapper json;

  PromotionsApi(
      ModelRegistry models,
      Aliases aliases,
      Registrations registrations,
      Finetunes finetunes,
      Gates gates,
      SuiteGates suites,
      JsonMapper json) {
    this.models = models;
    this.aliases = aliases;
    this.registrations = registrations;
    this.finetunes = finetunes;
    this.gates = gates;
    this.suites = suites;
    this.json = json;
  }

  /**
   * @param by who promotes; the owner's user when null
   * @param expected where the alias must stand: a version, or {@code none}; null for anywhere
   * @param force whether failed gates are overridden; it needs a reason
   * @param gates of suites, besides the three: {@code suite:safety>=0.9}
   * @param judge who grades those; without one their rules do
   */
  record Wanted(
      @Nullable String version,
      @Nullable String alias,
      @Nullable String reason,
      @Nullable String by,
      @Nullable String expected,
      @Nullable Boolean force,
      @Nullable List<String> gates,
      @Nullable String judge) {}

  /**
   * Measures the gates against the version that the alias stands on, and promotes provided that it
   * still stands there then. What stands there already is answered at once.
   */
  @PostMapping("promote")
  void promote(@RequestBody Wanted wanted, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          var ref = given("version", wanted.version());
          var alias = ModelRef.requireAlias(given("alias", wanted.alias()));
          boolean force = Boolean.TRUE.equals(wanted.force());
          if (force && (wanted.reason() == null || wanted.reason().isBlank())) {
            throw new BadInput(
                "a forced promotion needs a reason",
                ref,
                "Add --reason: the history keeps it beside what the gates found.");
          }
          var more = suites.wanted(wanted.gates(), wanted.judge());
          var candidate = models.require(ref);
          var decision = decision(wanted.by(), wanted.reason(), "it passed the gates");
          var standing = aliases.standing(candidate, alias, Expectation.parse(wanted.expected()));
          boolean done = standing != null && standing == candidate.number();
          var incumbent =
              standing == null ? null : models.require(candidate.name() + "@" + standing);
          var results =
              done ? List.<GateResult>of() : judge(candidate, incumbent, more, force, progress);
          return aliases.promote(
              new NewPromotion(
                  candidate, alias, Expectation.on(standing), decision, results, force));
        });
  }

  private List<GateResult> judge(
      ModelVersion candidate,
      @Nullable ModelVersion incumbent,
      SuiteGates.Wanted more,
      boolean force,
      Consumer<Object> progress) {
    Consumer<String> stages = stage -> progress.accept(Map.of("stage", stage));
    var results = new ArrayList<GateResult>();
    try {
      results.addAll(gates.judge(candidate, incumbent, stages));
      results.addAll(suites.judge(more, candidate, stages));
    } catch (RuntimeException e) {
      if (!force || e instanceof NdJson.ReaderGone) {
        throw e;
      }
      // Who forces wants it now, whatever keeps the gates from being measured.
      results.add(
          new GateResult(
              "measured", false, "every gate is measured", String.valueOf(e.getMessage())));
    }
    results.forEach(g -> progress.accept(Map.of("gate", g)));
    return results;
  }

  record Back(
      @Nullable String name,
      @Nullable String alias,
      @Nullable String reason,
      @Nullable String by,
      @Nullable String expected) {}

  /** Puts an alias back where it stood before. */
  @PostMapping("rollback")
  Promotion rollback(@RequestBody Back back) {
    return aliases.rollback(
        given("name", back.name()),
        given("alias", back.alias()),
        Expectation.parse(back.expected()),
        decision(back.by(), back.reason(), "rolled back"));
  }

  /**
   * @param on false to take the protection away; null for true
   */
  record Guard(
      @Nullable String name,
      @Nullable String alias,
      @Nullable Boolean on,
      @Nullable String reason,
      @Nullable String by) {}

  record Guarded(String name, String alias, boolean guarded) {}

  /** A protected alias takes only versions that passed every gate. */
  @PostMapping("protect")
  Guarded protect(@RequestBody Guard guard) {
    var name = given("name", guard.name());
    var alias = given("alias", guard.alias());
    boolean on = !Boolean.FALSE.equals(guard.on());
    var decision = decision(guard.by(), guard.reason(), on ? "protected" : "protection taken away");
    if (on) {
      aliases.protect(name, alias, decision);
    } else {
      aliases.unprotect(name, alias, decision);
    }
    return new Guarded(name, alias, on);
  }

  record Tag(
      @Nullable String tag,
      @Nullable String content,
      @Nullable String reason,
      @Nullable String by) {}

  record Tags(String version, Map<String, String> tags) {}

  /** Notes something of a version; without content the tag is taken away. */
  @PostMapping("{ref}/tag")
  Tags tag(@PathVariable String ref, @RequestBody Tag tag) {
    var version = models.require(ref);
    models.tag(
        version,
        given("tag", tag.tag()),
        tag.content() == null ? "" : tag.content(),
        decision(tag.by(), tag.reason(), "noted"));
    return new Tags(version.version(), models.tags(version));
  }

  record Run(@Nullable String run) {}

  record Registered(String version, String run) {}

  /** Makes a version of a completed run that has none, because something was in the way then. */
  @PostMapping("register")
  Registered register(@RequestBody Run run) {
    var directory = finetunes.find(given("run", run.run()));
    return new Registered(registrations.register(directory).version(), directory.id());
  }

  private static String given(String key, @Nullable String value) {
    if (value == null) {
      throw new BadInput("the request lacks a key", key, "See docs/api.md.");
    }
    return value;
  }

  private static Decision decision(@Nullable String by, @Nullable String reason, String otherwise) {
    return new Decision(
        by == null ? System.getProperty("user.name", "unknown") : by,
        reason == null || reason.isBlank() ? otherwise : reason);
  }
}
