package dev.lathe.serving.routing;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.routing.health.Health;
import dev.lathe.serving.routing.strategy.Asked;
import dev.lathe.serving.routing.strategy.Candidate;
import dev.lathe.serving.routing.strategy.Plan;
import dev.lathe.serving.routing.strategy.Planner;
import dev.lathe.serving.routing.strategy.Strategy;
import dev.lathe.serving.routing.tasks.Assessment;
import dev.lathe.serving.routing.tasks.TaskClassifier;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.RoutingSettings;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Finds what a request is sent to, and what after that. */
public final class Planning {
  private static final Set<String> MEDIA = Set.of("image_url", "input_audio", "file", "image");

  private final Supplier<LatheYaml> settings;
  private final Targets targets;
  private final Candidates candidates;
  private final Health health;
  private final Switches switches;
  private final TaskClassifier classifier;
  private final RandomGenerator random;

  /**
   * @param random chooses between a group's targets
   */
  public Planning(
      Supplier<LatheYaml> settings,
      Targets targets,
      Candidates candidates,
      Health health,
      Switches switches,
      TaskClassifier classifier,
      RandomGenerator random) {
    this.settings = settings;
    this.targets = targets;
    this.candidates = candidates;
    this.health = health;
    this.switches = switches;
    this.classifier = classifier;
    this.random = random;
  }

  /** Every name that can be asked for: the targets', {@code auto}, and the groups'. */
  public List<String> names() {
    var names = new ArrayList<>(targets.names());
    names.add(RoutingSettings.AUTO);
    var routing = routing();
    if (routing != null) {
      names.addAll(routing.groups().keySet());
    }
    return names;
  }

  /** Whether a name is {@code auto} or a group's: it has no target of its own. */
  public boolean chooses(String name) {
    var routing = routing();
    return name.equals(RoutingSettings.AUTO)
        || (routing != null && routing.groups().containsKey(name));
  }

  public Targets targets() {
    return targets;
  }

  /** What holds now. */
  public Strategy strategy() {
    return switches.strategy().orElseGet(() -> settings.get().routing().strategy());
  }

  /**
   * @throws WireError when nothing bears the name, or nothing can take the request
   */
  Itinerary plan(String id, ChatRequest request, String subject, Asker asker) {
    var asked = request.model();
    if (asked.equals(RoutingSettings.AUTO)) {
      return auto(id, request, subject, asker);
    }
    var routing = routing();
    if (routing == null) {
      return named(id, asked, subject, List.of());
    }
    var group = routing.groups().get(asked);
    var plan =
        group == null
            ? named(id, asked, subject, routing.fallbacks().getOrDefault(asked, List.of()))
            : group(id, asked, subject, group, routing.fallbacks().getOrDefault(asked, List.of()));
    return within(plan, routing.bounds().cloud(), strategy(asker));
  }

  /**
   * Null where the configuration is broken: names of this home mean what they mean all the same.
   */
  private @Nullable RoutingSettings routing() {
    try {
      return settings.get().routing();
    } catch (BadInput e) {
      return null;
    }
  }

  /**
   * What must not leave this machine does not, whatever a fallback, a group or a client names;
   * under {@code local_only} a client may still name a provider's model itself.
   */
  private Itinerary within(Itinerary plan, boolean cloud, Strategy strategy) {
    boolean strict = !cloud || strategy == Strategy.PRIVACY;
    if (!strict && strategy != Strategy.LOCAL_ONLY) {
      return plan;
    }
    var named = plan.rule().isEmpty() && !strict ? plan.routes().getFirst().target().name() : "";
    var left =
        plan.routes().stream()
            .filter(r -> candidates.staysHere(r.target()) || r.target().name().equals(named))
            .toList();
    if (left.isEmpty()) {
      throw new WireError(
          403,
          "invalid_request_error",
          "model",
          "leaves_this_machine",
          "'%s' is answered elsewhere, and %s. Name a model of this machine."
              .formatted(
                  plan.routes().getFirst().asked(),
                  cloud
                      ? "the strategy " + strategy.wire() + " keeps everything here"
                      : "the cloud is forbidden (routing.cloud)"),
          null);
    }
    return new Itinerary(left, plan.preferred(), plan.rule(), plan.task());
  }

  private Itinerary named(String id, String asked, String subject, List<String> fallbacks) {
    var first = targets.route(id, asked, subject);
    return new Itinerary(withOthers(first, fallbacks), first.target().name(), "", "");
  }

  /** Every endpoint of the first, then of the others. */
  private List<Route> withOthers(Route first, List<String> others) {
    var routes = new ArrayList<>(endpoints(first));
    if (switches.fallback()) {
      for (var name : others) {
        routes.addAll(endpoints(first.to(targets.target(name))));
      }
    }
    return routes;
  }

  private List<Route> endpoints(Route route) {
    var all = Endpoints.of(route.target());
    return all.size() == 1
        ? List.of(all.getFirst().equals(route.target()) ? route : route.to(all.getFirst()))
        : Endpoints.drawn(
                all,
                t -> t instanceof Target.Remote r ? r.provider().weight() : 1,
                t -> health.ready(t.key()),
                random)
            .stream()
            .map(route::to)
            .toList();
  }

  private Itinerary group(
      String id,
      String asked,
      String subject,
      Map<String, Double> weights,
      List<String> fallbacks) {
    var order =
        new LinkedHashSet<>(
            Endpoints.drawn(
                List.copyOf(weights.keySet()),
                name -> weights.getOrDefault(name, 0.0),
                name ->
                    Endpoints.of(targets.target(name)).stream()
                        .anyMatch(t -> health.ready(t.key())),
                random));
    order.addAll(fallbacks);
    var names = List.copyOf(order);
    var first = new Route(id, asked, subject, null, targets.target(names.getFirst()));
    return new Itinerary(
        withOthers(first, names.subList(1, names.size())),
        first.target().name(),
        "group " + asked,
        "");
  }

  private Itinerary auto(String id, ChatRequest request, String subject, Asker asker) {
    var strategy = strategy(asker);
    var asked = asked(request, classifier.assess(request), asker);
    var plan =
        new Planner(settings.get().routing().bounds()).plan(strategy, asked, candidates.now());
    if (plan.order().isEmpty()) {
      throw nothing(plan);
    }
    var first =
        new Route(id, request.model(), subject, null, targets.target(plan.order().getFirst()));
    return new Itinerary(
        withOthers(first, plan.order().subList(1, plan.order().size())),
        resolved(plan.preferred()),
        plan.rule(),
        asked.task().wireName());
  }

  /** An alias's version, as routes are named; a name that means nothing now stays what it is. */
  private String resolved(String name) {
    try {
      return targets.target(name).name();
    } catch (WireError e) {
      return name;
    }
  }

  /**
   * What {@code auto} would do with a request now, and why.
   *
   * @param because what the classifier saw
   * @param candidates everything that could have been chosen, and how it stands
   */
  public record Explained(
      String task,
      double complexity,
      List<String> because,
      Plan plan,
      List<Candidate> candidates) {}

  /** Plans a request without sending it anywhere. */
  public Explained explain(ChatRequest request, Asker asker) {
    var assessed = classifier.assess(request);
    var all = candidates.now();
    var plan =
        new Planner(settings.get().routing().bounds())
            .plan(strategy(asker), asked(request, assessed, asker), all);
    return new Explained(
        assessed.task().wireName(), assessed.complexity(), assessed.because(), plan, all);
  }

  /** What {@code auto} can choose from, and how each stands. */
  public List<Candidate> candidates() {
    return candidates.now();
  }

  private Strategy strategy(Asker asker) {
    var named = asker.strategy();
    if (named == null || named.isBlank()) {
      return strategy();
    }
    try {
      return RoutingSettings.named(named.strip());
    } catch (BadInput e) {
      throw WireError.invalid(
          "x-lathe-strategy", "invalid_value", "x-lathe-strategy: " + e.getMessage());
    }
  }

  private static WireError nothing(Plan plan) {
    return WireError.unavailable(
        "no_target",
        "No model can take this request (%s): %s. Pull a base, add a provider to lathe.yaml, or name the model to ask."
            .formatted(plan.rule(), String.join("; ", plan.leftOut())));
  }

  private static Asked asked(ChatRequest request, Assessment assessed, Asker asker) {
    var fields = request.fields();
    return new Asked(
        assessed.task(),
        assessed.complexity(),
        tokens(fields.path("messages")),
        !fields.path("tools").isEmpty() || !fields.path("functions").isEmpty(),
        media(fields.path("messages")),
        request.subject(),
        asker.admission().key());
  }

  /** Four letters of Latin script a token, one of others: good enough to compare with a context. */
  private static int tokens(JsonNode messages) {
    long quarters = 0;
    for (var text : messages.findValuesAsString("content")) {
      quarters += quarters(text);
    }
    for (var text : messages.findValuesAsString("text")) {
      quarters += quarters(text);
    }
    return (int) Math.min(Integer.MAX_VALUE, quarters / 4 + 4L * messages.size());
  }

  private static long quarters(String text) {
    return text.length() + 3 * text.chars().filter(c -> c > 0x2E7F).count();
  }

  private static boolean media(JsonNode messages) {
    for (var message : messages) {
      for (var part : message.path("content")) {
        if (MEDIA.contains(part.path("type").asString(""))) {
          return true;
        }
      }
    }
    return false;
  }
}
