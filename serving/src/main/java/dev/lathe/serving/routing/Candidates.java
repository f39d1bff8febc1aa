package dev.lathe.serving.routing;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.routing.health.Health;
import dev.lathe.serving.routing.strategy.Candidate;
import dev.lathe.serving.routing.strategy.Place;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.Provider;
import dev.lathe.serving.wire.WireError;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** What {@code auto} can choose from, and how each stands at this moment. */
public final class Candidates {
  /** The cloud's order where nobody says another. */
  private static final List<String> CLOUD = List.of("openai", "anthropic", "cohere");

  private final Supplier<LatheYaml> settings;
  private final Targets targets;
  private final LocalTargets local;
  private final Health health;
  private final Function<LocalModel, @Nullable String> unfit;
  private final ToDoubleFunction<Target> usd;
  private final Map<String, Boolean> here = new ConcurrentHashMap<>();

  /**
   * @param usd what a usual request costs at a target; NaN when nobody knows
   * @param unfit why a model's engine cannot be loaded now; null when it can, or is there already
   */
  public Candidates(
      Supplier<LatheYaml> settings,
      Targets targets,
      LocalTargets local,
      Health health,
      Function<LocalModel, @Nullable String> unfit,
      ToDoubleFunction<Target> usd) {
    this.settings = settings;
    this.targets = targets;
    this.local = local;
    this.health = health;
    this.unfit = unfit;
    this.usd = usd;
  }

  /** All of them, the preferred ones of each place first. */
  List<Candidate> now() {
    var routing = settings.get().routing();
    var names = new LinkedHashSet<String>();
    names.addAll(routing.local().isEmpty() ? champions() : routing.local());
    names.addAll(routing.remote().isEmpty() ? firstModels() : routing.remote());
    // What a rule, a specialist or a group names can be chosen, too.
    routing.bounds().rules().forEach(r -> names.addAll(r.use()));
    names.addAll(routing.bounds().specialists().values());
    return names.stream().map(this::stands).toList();
  }

  /** Models with a champion before bases, which come without an alias as well. */
  private List<String> champions() {
    return local.names().stream().filter(n -> n.indexOf('@') < 0).toList();
  }

  private List<String> firstModels() {
    var providers = new ArrayList<>(settings.get().providers().values());
    providers.sort(
        Comparator.comparingInt(
                (Provider p) -> {
                  int rank = CLOUD.indexOf(p.name());
                  return rank < 0 ? CLOUD.size() : rank;
                })
            .thenComparing(Provider::name));
    return providers.stream()
        .filter(p -> !p.models().isEmpty())
        .map(p -> p.name() + ":" + p.models().getFirst())
        .toList();
  }

  private Candidate stands(String name) {
    try {
      return switch (targets.target(name)) {
        case Target.Local l -> {
          var model = l.model();
          yield candidate(
              name, l, Place.LOCAL, true, false, model.contextLength(), unfit.apply(model));
        }
        case Target.Remote r -> {
          var provider = r.provider();
          yield candidate(name, r, place(provider), isHere(provider.baseUrl()), true, 0, null);
        }
      };
    } catch (WireError | BadInput e) {
      return new Candidate(
          name,
          name.indexOf(':') < 0 ? Place.LOCAL : Place.REMOTE,
          "unknown",
          true,
          true,
          true,
          0,
          false,
          Double.NaN,
          0,
          Double.NaN,
          String.valueOf(e.getMessage()));
    }
  }

  private Candidate candidate(
      String name,
      Target target,
      Place place,
      boolean stays,
      boolean able,
      int contextLength,
      @Nullable String why) {
    var keys = Endpoints.of(target).stream().map(Target::key).toList();
    return new Candidate(
        name,
        place,
        target instanceof Target.Remote r ? kind(r.provider()) : "local",
        stays,
        able,
        able,
        contextLength,
        keys.stream().anyMatch(health::ready),
        keys.stream()
            .mapToDouble(health::firstByteMs)
            .filter(ms -> ms >= 0)
            .min()
            .orElse(Double.NaN),
        keys.stream().mapToInt(health::busy).sum(),
        usd.applyAsDouble(target),
        why);
  }

  /** Whether nothing leaves this machine when a target is asked. */
  boolean staysHere(Target target) {
    return switch (target) {
      case Target.Local l -> true;
      case Target.Remote r -> isHere(r.provider().baseUrl());
    };
  }

  private static Place place(Provider provider) {
    return kind(provider).equals("ollama") || provider.name().equals("ollama")
        ? Place.OLLAMA
        : Place.REMOTE;
  }

  private static String kind(Provider provider) {
    return provider.kind().name().toLowerCase(Locale.ROOT);
  }

  /** Looked up once: addresses of providers do not wander between this machine and others. */
  private boolean isHere(URI address) {
    return here.computeIfAbsent(
        String.valueOf(address.getHost()),
        host -> {
          try {
            return InetAddress.getByName(host).isLoopbackAddress();
          } catch (UnknownHostException e) {
            return false;
          }
        });
  }
}
