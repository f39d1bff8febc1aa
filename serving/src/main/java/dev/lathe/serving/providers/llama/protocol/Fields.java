package dev.lathe.serving.providers.llama.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request's JSON object, read a field at a time. A field that is null counts as left out, as
 * OpenAI has it; one of another type or out of its bounds is refused with its name.
 */
record Fields(ObjectNode node) {
  static Fields read(byte[] body) {
    JsonNode node;
    try {
      node = Exchange.JSON.readTree(body);
    } catch (JacksonException e) {
      throw Refusal.of(null, "the body is not JSON: " + e.getOriginalMessage());
    }
    if (node instanceof ObjectNode object) {
      return new Fields(object);
    }
    throw Refusal.of(null, "the body is not a JSON object");
  }

  @Nullable JsonNode get(String name) {
    var value = node.get(name);
    return value == null || value.isNull() ? null : value;
  }

  double number(String name, double otherwise, double least, double most) {
    var value = get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isNumber() || !(value.asDouble() >= least && value.asDouble() <= most)) {
      throw Refusal.of(
          name,
          "'%s' must be a number from %s to %s, not %s"
              .formatted(name, plain(least), plain(most), shown(value)));
    }
    return value.asDouble();
  }

  int whole(String name, int otherwise, int least, int most) {
    var value = get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < least
        || value.intValue() > most) {
      throw Refusal.of(
          name,
          "'%s' must be a whole number from %d to %d, not %s"
              .formatted(name, least, most, shown(value)));
    }
    return value.intValue();
  }

  OptionalLong seed(String name) {
    var value = get(name);
    if (value == null) {
      return OptionalLong.empty();
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw Refusal.of(name, "'" + name + "' must be a whole number of 64 bits");
    }
    return OptionalLong.of(value.longValue());
  }

  boolean flag(String name, boolean otherwise) {
    var value = get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw Refusal.of(name, "'" + name + "' must be true or false, not " + shown(value));
    }
    return value.booleanValue();
  }

  @Nullable String text(String name) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (!value.isString()) {
      throw Refusal.of(name, "'" + name + "' must be a string, not " + shown(value));
    }
    return value.stringValue();
  }

  /** A string, or a list of them. */
  List<String> texts(String name, int most, int longest) {
    var value = get(name);
    if (value == null) {
      return List.of();
    }
    var texts = new ArrayList<String>();
    if (value.isString()) {
      texts.add(value.stringValue());
    } else if (value.isArray() && value.size() <= most) {
      for (var one : value) {
        if (!one.isString()) {
          throw Refusal.of(name, "'" + name + "' must hold strings, not " + shown(one));
        }
        texts.add(one.stringValue());
      }
    } else {
      throw Refusal.of(
          name, "'" + name + "' must be a string or a list of at most " + most + " strings");
    }
    for (var text : texts) {
      if (text.isEmpty() || text.length() > longest) {
        throw Refusal.of(
            name, "each of '" + name + "' has between 1 and " + longest + " characters");
      }
    }
    return texts;
  }

  /** An object's fields; null where it is left out. */
  @Nullable Fields object(String name) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (value instanceof ObjectNode object) {
      return new Fields(object);
    }
    throw Refusal.of(name, "'" + name + "' must be an object, not " + shown(value));
  }

  /** A list; null where it is left out. */
  @Nullable List<JsonNode> list(String name, int most) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (!value.isArray()) {
      throw Refusal.of(name, "'" + name + "' must be a list, not " + shown(value));
    }
    if (value.size() > most) {
      throw Refusal.of(name, "'" + name + "' holds " + value.size() + ", more than " + most);
    }
    return value.valueStream().toList();
  }

  private static String shown(JsonNode value) {
    var text = value.toString();
    return text.length() > 60 ? text.substring(0, 60) + "…" : text;
  }

  private static String plain(double number) {
    return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
  }
}
