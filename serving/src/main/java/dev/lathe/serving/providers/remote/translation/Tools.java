package dev.lathe.serving.providers.remote.translation;

import dev.lathe.serving.wire.ChatMessage;
import dev.lathe.serving.wire.WireError;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The functions that a request offers, and how they are to be used.
 *
 * @param parallel false where at most one may be called at a time
 */
public record Tools(List<Function> functions, @Nullable Choice choice, boolean parallel) {
  public Tools {
    functions = List.copyOf(functions);
  }

  /** A function as OpenAI declares it: {@code name}, {@code description}, {@code parameters}. */
  public record Function(String name, JsonNode json) {
    /** Its arguments' schema; that of an object without properties where it has none. */
    public ObjectNode parameters() {
      if (json.get("parameters") instanceof ObjectNode given) {
        return given;
      }
      var none = Json.object().put("type", "object");
      none.putObject("properties");
      return none;
    }
  }

  /** How they are to be used. */
  public sealed interface Choice {
    /** As the model likes. */
    record Auto() implements Choice {}

    /** Not at all. */
    record None() implements Choice {}

    /** At least one. */
    record Required() implements Choice {}

    /** This one. */
    record Named(String name) implements Choice {}
  }

  public static Tools of(Taken taken) {
    var functions = new ArrayList<Function>();
    var list = taken.take("tools");
    if (list != null) {
      for (var tool : list) {
        var at = "tools[" + functions.size() + "]";
        if (!tool.path("type").asString("").equals("function")) {
          throw taken.unsaid(at + ".type", "Tools are of type 'function'.");
        }
        var name = tool.path("function").path("name");
        if (!name.isString()) {
          throw WireError.invalid(
              at + ".function.name",
              "missing_required_parameter",
              "'" + at + ".function.name' is missing. It names the function.");
        }
        functions.add(new Function(name.stringValue(), tool.path("function")));
      }
    }
    var parallel = taken.take("parallel_tool_calls");
    return new Tools(
        functions,
        choice(taken.take("tool_choice"), taken),
        parallel == null || parallel.booleanValue());
  }

  private static @Nullable Choice choice(@Nullable JsonNode choice, Taken taken) {
    if (choice == null) {
      return null;
    }
    if (choice.isObject() && choice.path("function").path("name").isString()) {
      return new Choice.Named(choice.path("function").path("name").stringValue());
    }
    return switch (choice.asString("")) {
      case "auto" -> new Choice.Auto();
      case "none" -> new Choice.None();
      case "required" -> new Choice.Required();
      default ->
          throw taken.unsaid("tool_choice", "Say auto, none, required, or name one function.");
    };
  }

  /**
   * What a call's arguments say.
   *
   * @throws WireError 400, when they are no JSON object
   */
  public static ObjectNode arguments(ChatMessage message, int call) {
    var text = message.calls().get(call).arguments();
    var object = text.isBlank() ? Json.object() : Json.object(text);
    if (object == null) {
      var at = "%s.tool_calls[%d].function.arguments".formatted(message.at(), call);
      throw WireError.invalid(
          at, "invalid_value", "'" + at + "' is no JSON object in a text, such as \"{}\".");
    }
    return object;
  }
}
