package dev.lathe.serving.providers.remote.translation;

import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A chat request's fields, taken one by one, so that none is lost: what only hints is dropped and
 * named, and what nobody took is refused. {@code null} counts as absent.
 */
public final class Taken {
  private static final List<String> HINTS =
      List.of(
          "store",
          "service_tier",
          "metadata",
          "seed", // OpenAI's own promises nothing by it
          "prediction",
          "verbosity",
          "prompt_cache_key",
          "prompt_cache_retention");

  private final ObjectNode fields;
  private final String kind;
  private final Set<String> left = new HashSet<>();
  private final List<String> ignored = new ArrayList<>();

  /**
   * @param kind whose words are wanted, as an error names it
   */
  public Taken(ChatRequest request, String kind) {
    this.fields = request.fields();
    this.kind = kind;
    this.ignored.addAll(request.ignored());
    fields.properties().stream()
        .filter(f -> !f.getValue().isNull())
        .forEach(f -> left.add(f.getKey()));
    for (var known : List.of("model", "messages", "stream", "stream_options")) {
      left.remove(known);
    }
  }

  /** A field's value; null where it is absent. */
  public @Nullable JsonNode take(String name) {
    return left.remove(name) ? fields.get(name) : null;
  }

  /** Moves a field's value as it is. */
  public void copy(String name, ObjectNode to, String as) {
    var value = take(name);
    if (value != null) {
      to.set(as, value);
    }
  }

  /** How long the answer may be; null where nothing is said. */
  public @Nullable JsonNode maxTokens() {
    var older = take("max_tokens");
    var newer = take("max_completion_tokens");
    return newer == null ? older : newer;
  }

  /** The texts that end an answer; null for none. */
  public @Nullable JsonNode stops() {
    var stop = take("stop");
    if (stop == null || stop.isArray()) {
      return stop == null || stop.isEmpty() ? null : stop;
    }
    return Json.list().add(stop.stringValue());
  }

  /** Whom it is for; null for nobody. */
  public @Nullable String user() {
    var newer = take("safety_identifier");
    var older = take("user");
    var user = newer == null ? older : newer;
    return user == null ? null : user.stringValue();
  }

  /** Drops a field that only hints, and remembers that it was there. */
  public void hint(String name) {
    if (take(name) != null) {
      ignored.add(name);
    }
  }

  /** Something deeper than a field was dropped. */
  public void ignored(String name) {
    if (!ignored.contains(name)) {
      ignored.add(name);
    }
  }

  /**
   * Takes a field that cannot be said.
   *
   * @param idle values of it that change nothing
   */
  public void only(String name, Predicate<JsonNode> idle, String remedy) {
    var value = take(name);
    if (value != null && !idle.test(value)) {
      throw unsaid(name, remedy);
    }
  }

  public WireError unsaid(String param, String remedy) {
    return WireError.invalid(
        param,
        "unsupported_parameter",
        "'%s' cannot be said to %s. %s".formatted(param, kind, remedy));
  }

  /**
   * Nothing else is understood.
   *
   * @return the names of what was dropped
   * @throws WireError 400, naming a field that would change the meaning
   */
  public List<String> done() {
    HINTS.forEach(this::hint);
    only("n", n -> n.asInt(0) == 1, "Ask as often as you want answers.");
    only("logprobs", l -> !l.booleanValue(), "It tells none; leave it out.");
    only("top_logprobs", t -> t.asInt(1) == 0, "It tells none; leave it out.");
    only("logit_bias", JsonNode::isEmpty, "Leave it out.");
    for (var penalty : List.of("frequency_penalty", "presence_penalty")) {
      only(penalty, p -> p.doubleValue() == 0, "Leave it out.");
    }
    only(
        "modalities", m -> m.size() == 1 && m.path(0).asString("").equals("text"), "Ask for text.");
    for (var old : List.of("functions", "function_call")) {
      only(old, v -> false, "Use 'tools' and 'tool_choice'.");
    }
    left.stream()
        .sorted()
        .findFirst()
        .ifPresent(
            name -> {
              throw unsaid(name, "Leave it out.");
            });
    return List.copyOf(ignored);
  }
}
