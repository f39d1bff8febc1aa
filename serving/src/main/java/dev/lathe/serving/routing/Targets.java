package dev.lathe.serving.routing;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.Provider;
import dev.lathe.serving.wire.WireError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a model's name means: {@code provider:model}, else a running experiment, else a model
 * ({@code name@alias}, {@code name@number}, {@code name} for its champion), else a base.
 */
public final class Targets {
  private static final int LISTED = 30;

  private final Supplier<LatheYaml> settings;
  private final LocalTargets local;
  private final Assignments experiments;

  /**
   * @param settings may throw {@link dev.lathe.checkpoints.input.BadInput}, which then only
   *     requests for providers meet
   */
  public Targets(Supplier<LatheYaml> settings, LocalTargets local, Assignments experiments) {
    this.settings = settings;
    this.local = local;
    this.experiments = experiments;
  }

  /**
   * @param subject a hash of whom the answer is for
   * @throws WireError when nothing bears the name, with the nearest one
   */
  public Route route(String id, String asked, String subject) {
    var arm = asked.indexOf(':') < 0 ? experiments.assign(asked, subject).orElse(null) : null;
    return new Route(id, asked, subject, arm, target(arm == null ? asked : arm.target()));
  }

  /**
   * The target of a name that is no experiment.
   *
   * @throws WireError when there is none
   */
  public Target target(String name) {
    int colon = name.indexOf(':');
    if (colon < 0) {
      return local.find(name).orElseThrow(() -> unknown(name, names()));
    }
    var providers = settings.get().providers();
    var provider = providers.get(name.substring(0, colon));
    var model = name.substring(colon + 1);
    if (provider == null || model.isBlank()) {
      throw unknown(name, provider == null ? withModel(providers.keySet(), model) : names());
    }
    return new Target.Remote(provider, model);
  }

  /** Every name that can be asked for, providers' only where {@code lathe.yaml} lists them. */
  public List<String> names() {
    var names = new ArrayList<String>(local.names());
    names.addAll(experiments.names());
    new TreeMap<>(providers())
        .forEach((name, p) -> p.models().forEach(m -> names.add(name + ":" + m)));
    return names;
  }

  /** None where the configuration is broken: whoever asks for a provider is told of that. */
  private Map<String, Provider> providers() {
    try {
      return settings.get().providers();
    } catch (BadInput e) {
      return Map.of();
    }
  }

  private static List<String> withModel(Iterable<String> providers, String model) {
    var names = new ArrayList<String>();
    providers.forEach(p -> names.add(p + ":" + (model.isBlank() ? "MODEL" : model)));
    return names;
  }

  private static WireError unknown(String name, List<String> known) {
    var near = DidYouMean.nearest(name, known).map(n -> " Did you mean '" + n + "'?").orElse("");
    var list =
        known.isEmpty()
            ? " There is nothing to ask yet: './lathe pull smollm2-135m-instruct' brings a base, a"
                + " provider in lathe.yaml another's models."
            : " Known: "
                + String.join(", ", known.subList(0, Math.min(LISTED, known.size())))
                + (known.size() > LISTED ? ", … (GET /v1/models lists all)." : ".");
    return WireError.model(
        404, "model_not_found", "The model '" + name + "' does not exist." + near + list);
  }
}
