package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.registry.audit.AuditLog;
import dev.lathe.registry.models.ModelRef;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.models.Verification;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.registry.promotion.Promotion;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The model versions of a home: what there is, where aliases stand and stood, verifying. */
@RestController
@RequestMapping("/api")
class ModelsApi {
  private static final int MOST_ENTRIES = 10_000;

  private final ModelRegistry models;
  private final Aliases aliases;
  private final AuditLog audit;

  ModelsApi(ModelRegistry models, Aliases aliases, AuditLog audit) {
    this.models = models;
    this.aliases = aliases;
    this.audit = audit;
  }

  record Models(List<ModelViews.Model> items) {}

  @GetMapping("models")
  Models list() {
    return new Models(models.names().stream().map(this::model).toList());
  }

  private ModelViews.Model model(String name) {
    var versions = models.versions(name);
    var standing = new TreeMap<String, String>();
    aliases.current(name).forEach((alias, number) -> standing.put(alias, name + "@" + number));
    return new ModelViews.Model(
        name,
        versions.size(),
        versions.getFirst().version(),
        versions.getFirst().createdAt(),
        standing,
        aliases.guarded(name));
  }

  /**
   * @param ref {@code name@3}, {@code name@alias}, or a name where it is clear what is meant
   * @param at the time for which it is asked, ISO-8601 with an offset: the version that the alias
   *     stood on then
   */
  @GetMapping("models/{ref}")
  ModelViews.Version show(@PathVariable String ref, @RequestParam @Nullable String at) {
    if (at == null) {
      return view(models.require(ref), null);
    }
    var promotion = stoodThen(ref, time(at));
    return view(models.require(promotion.version()), promotion);
  }

  private Promotion stoodThen(String given, Instant time) {
    var ref = ModelRef.parse(given);
    if (ref.isEmpty() || ref.get().number() != null) {
      throw new BadInput(
          "only an alias stood elsewhere at another time",
          given,
          "Write NAME@ALIAS, or NAME for its champion.");
    }
    var name = known(ref.get().name());
    var named = ref.get().alias();
    var alias = named == null ? ModelRegistry.CHAMPION : named;
    return aliases
        .at(name, alias, time)
        .orElseThrow(
            () ->
                new BadInput(
                    "the alias stood on no version at that time",
                    name + "@" + alias + " at " + time,
                    "'./lathe models history " + name + "' shows when it stood where."));
  }

  private static Instant time(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw new BadInput("not a time", text, "Write it as 2026-11-21T15:30:00Z.", e);
    }
  }

  private ModelViews.Version view(ModelVersion version, @Nullable Promotion promotion) {
    return ModelViews.Version.of(
        version, aliases.current(version.name()), models.tags(version), promotion);
  }

  record Versions(List<ModelViews.Version> items) {}

  /** A model's versions, newest first. */
  @GetMapping("models/{name}/versions")
  Versions versions(@PathVariable String name) {
    return new Versions(models.versions(known(name)).stream().map(v -> view(v, null)).toList());
  }

  record History(List<Promotion> items) {}

  /** Promotions and rollbacks, newest first. */
  @GetMapping("models/{name}/history")
  History history(@PathVariable String name, @RequestParam @Nullable String alias) {
    return new History(aliases.history(known(name), alias));
  }

  /** Hashes every file of a version again. */
  @PostMapping("models/{ref}/verify")
  Verification verify(@PathVariable String ref) {
    return models.verify(ref);
  }

  record Entries(List<AuditLog.Entry> items) {}

  /** Who changed what, newest first. */
  @GetMapping("audit")
  Entries audit(
      @RequestParam @Nullable String model, @RequestParam(defaultValue = "100") int most) {
    return new Entries(
        audit.newest(model == null ? null : known(model), Math.clamp(most, 1, MOST_ENTRIES)));
  }

  /** The name, if a model bears it. */
  private String known(String name) {
    var there = models.names();
    if (!there.contains(name)) {
      models.require(name + "@1"); // says what is there
    }
    return name;
  }
}
