package dev.lathe.serving.routing;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.registry.models.ModelRef;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Models of the registry and bases of the home, as local engines load them. */
public final class RegistryTargets implements LocalTargets {
  /** Longer contexts are cut to this: every slot of an engine holds memory for all of its own. */
  static final int LONGEST_CONTEXT = 8192;

  private static final Duration FRESH = Duration.ofSeconds(1);
  private static final String ADAPTER = "serving/adapter.gguf";

  private final ModelRegistry models;
  private final Aliases aliases;
  private final BaseStore bases;
  private final Standings standings;
  private final Map<String, Looked> looked = new ConcurrentHashMap<>();

  /** Time and size of each version's adapter when its hash was found to be the registered one. */
  private final Map<String, String> intact = new ConcurrentHashMap<>();

  /** What a version or base was found to be, and when: files are looked at once a second. */
  private record Looked(Target.Local target, long at) {
    boolean isFresh() {
      return System.nanoTime() - at < FRESH.toNanos();
    }
  }

  /**
   * @param standings what answers for each alias while engines change
   */
  public RegistryTargets(
      ModelRegistry models, Aliases aliases, BaseStore bases, Standings standings) {
    this.models = models;
    this.aliases = aliases;
    this.bases = bases;
    this.standings = standings;
  }

  @Override
  public Optional<Target.Local> find(String name) {
    var ref = ModelRef.parse(name).orElse(null);
    if (ref == null) {
      return base(name);
    }
    if (ref.number() != null) {
      return models.find(name).map(v -> of(v, null)).or(() -> absent(name, ref));
    }
    var alias = ref.alias() == null ? ModelRegistry.CHAMPION : ref.alias();
    var version = aliases.resolve(ref.name(), alias);
    if (version.isPresent()) {
      return Optional.of(standings.answering(of(version.get(), alias)));
    }
    var base = ref.alias() == null ? base(name) : Optional.<Target.Local>empty();
    return base.isPresent() ? base : absent(name, ref);
  }

  /** Has the engine of what an alias stands on loaded, before somebody asks. */
  public void prepare(String name, String alias) {
    aliases.resolve(name, alias).ifPresent(v -> standings.prepare(of(v, alias)));
  }

  @Override
  public List<String> names() {
    var names = new ArrayList<String>();
    for (var model : models.names()) {
      var standing = aliases.current(model).keySet();
      if (standing.contains(ModelRegistry.CHAMPION)) {
        names.add(model);
      }
      standing.forEach(alias -> names.add(model + "@" + alias));
      models.versions(model).forEach(v -> names.add(v.version()));
    }
    bases.list().stream().map(Base::name).filter(b -> !names.contains(b)).forEach(names::add);
    return names;
  }

  /** Empty for a name that no model bears. */
  private Optional<Target.Local> absent(String name, ModelRef ref) {
    var versions = models.versions(ref.name());
    if (versions.isEmpty()) {
      return Optional.empty();
    }
    var newest = versions.getFirst().version();
    if (ref.number() != null) {
      throw WireError.model(
          404,
          "model_not_found",
          "There is no version '" + name + "'. The newest is " + newest + ".");
    }
    var alias = ref.alias() == null ? ModelRegistry.CHAMPION : ref.alias();
    throw WireError.model(
        404,
        "model_not_promoted",
        "Nothing was promoted to '%s@%s' yet.%s Promote a version: ./lathe models promote %s --alias %s; or ask for '%s' itself."
            .formatted(ref.name(), alias, meant(ref.name(), alias), newest, alias, newest));
  }

  private String meant(String name, String alias) {
    return DidYouMean.nearest(alias, aliases.current(name).keySet())
        .map(a -> " Did you mean '" + name + "@" + a + "'?")
        .orElse("");
  }

  private Optional<Target.Local> base(String name) {
    var seen = looked.get(name);
    if (seen != null && seen.isFresh()) {
      return Optional.of(seen.target());
    }
    try {
      return bases
          .find(name)
          .map(b -> keep(new Target.Local(model(name, b, null), name, null, null)));
    } catch (BadInput e) {
      throw WireError.unavailable("model_unusable", String.valueOf(e.getMessage()));
    }
  }

  private Target.Local keep(Target.Local target) {
    looked.put(target.name(), new Looked(target, System.nanoTime()));
    return target;
  }

  private Target.Local of(ModelVersion version, @Nullable String alias) {
    var seen = looked.get(version.version());
    var found = seen != null && seen.isFresh() ? seen.target() : keep(look(version));
    return new Target.Local(found.model(), found.base(), version, alias);
  }

  private Target.Local look(ModelVersion version) {
    try {
      var base = bases.require(version.base());
      if (!base.weightsSha256().equals(version.baseSha256())
          || !base.templateSha256().equals(version.templateSha256())) {
        throw new BadInput(
            "the base or its chat template is another one than '"
                + version.version()
                + "' was trained on",
            base.name(),
            "Pull the base that it was trained on under this name, or train again.");
      }
      var tuned = WholeModel.orAdapter(Path.of(version.folder()));
      var adapter = Path.of(version.folder()).resolve(ADAPTER);
      boolean beside = Files.isRegularFile(adapter);
      if (!beside && WholeModel.isServedMerged(tuned)) {
        requireIntact(version, WholeModel.weightsIn(tuned));
        return new Target.Local(merged(version, base, tuned), base.name(), version, null);
      }
      if (!beside) {
        throw new BadInput(
            "a version without its adapter for engines",
            adapter.toString(),
            "'./lathe models verify " + version.version() + "' tells what is missing.");
      }
      requireIntact(version, adapter);
      return new Target.Local(model(version.version(), base, adapter), base.name(), version, null);
    } catch (BadInput e) {
      throw WireError.unavailable("model_unusable", String.valueOf(e.getMessage()));
    }
  }

  /**
   * What the engine knows no adapter for: a file of the whole model, written when it is first asked
   * for, beside the version's folder, which never changes.
   */
  private static LocalModel merged(ModelVersion version, Base base, Path tuned) {
    var weights = WholeModel.weightsIn(tuned);
    var identity = registered(version, weights).map(ModelVersion.File::sha256);
    var file = Path.of(version.folder()).resolveSibling(".served-" + version.number());
    return new LocalModel(
        version.version(),
        ServedBase.ofMade(
            base,
            () -> WholeModel.made(base, tuned),
            base.weightsSha256() + " " + identity.orElseGet(() -> Sha256.of(weights)),
            file.resolve(ServedBase.FILE)),
        null,
        base.folder(),
        context(base));
  }

  private static Optional<ModelVersion.File> registered(ModelVersion version, Path file) {
    var path = Path.of(version.folder()).relativize(file).toString();
    return version.files().stream().filter(f -> f.path().equals(path)).findFirst();
  }

  /** What engines load is what was registered: hashed once, and again when the file changed. */
  private void requireIntact(ModelVersion version, Path adapter) {
    var registered = registered(version, adapter).orElse(null);
    if (registered == null) {
      return; // a version of before served files had hashes
    }
    try {
      var stamp = Files.getLastModifiedTime(adapter) + " " + Files.size(adapter);
      if (stamp.equals(intact.get(version.version()))) {
        return;
      }
      if (!Sha256.of(adapter).equals(registered.sha256())) {
        throw new BadInput(
            "what '" + version.version() + "' is served from is not the file that was registered",
            adapter.toString(),
            "'./lathe models verify "
                + version.version()
                + "' tells more. Restore it from a backup, or ask for another version.");
      }
      intact.put(version.version(), stamp);
    } catch (IOException e) {
      throw new BadInput(
          "what '" + version.version() + "' is served from cannot be read (" + e.getMessage() + ")",
          adapter.toString(),
          "Look at the disk and the file's rights.",
          e);
    }
  }

  private static LocalModel model(String id, Base base, @Nullable Path adapter) {
    return new LocalModel(id, ServedBase.of(base), adapter, base.folder(), context(base));
  }

  private static int context(Base base) {
    return Math.min(base.config().maxPositions(), LONGEST_CONTEXT);
  }
}
