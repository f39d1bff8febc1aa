package dev.lathe.app.openai;

import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.serving.wire.WireError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A JSON object of a request, read field by field; what is wrong is told with the field's path. */
final class Body {
  private static final TypeReference<LinkedHashMap<String, Object>> OBJECT =
      new TypeReference<>() {};

  private final JsonNode node;
  private final String path;
  private final Set<String> known = new LinkedHashSet<>();
  private final List<Body> parts = new ArrayList<>();

  private Body(JsonNode node, String path) {
    this.node = node;
    this.path = path;
  }

  /**
   * @throws WireError when the bytes are no JSON object
   */
  static Body read(byte[] json) {
    try {
      var node = JsonMapper.shared().readTree(json);
      if (node.isObject()) {
        return new Body(node, "");
      }
    } catch (JacksonException e) {
      throw WireError.invalid(
          null, "invalid_json", "The body is no JSON: " + e.getOriginalMessage() + ".");
    }
    throw WireError.invalid(null, "invalid_json", "The body is no JSON object.");
  }

  String text(String key) {
    var given = optionalText(key);
    if (given == null || given.isBlank()) {
      throw WireError.invalid(
          path + key, "missing_required_parameter", "'" + path + key + "' is missing.");
    }
    return given;
  }

  @Nullable String optionalText(String key) {
    var given = take(key);
    if (given == null) {
      return null;
    }
    if (!given.isString()) {
      throw type(key, "a text", given);
    }
    return given.stringValue();
  }

  /** Null for {@code "auto"} too. */
  @Nullable Integer whole(String key, int least, int most) {
    var given = number(key, least, most);
    if (given == null) {
      return null;
    }
    if (given != Math.rint(given)) {
      throw range(key, "a whole number from " + least + " to " + most, String.valueOf(given));
    }
    return given.intValue();
  }

  /** Null for {@code "auto"} too. */
  @Nullable Double number(String key, double least, double most) {
    var given = take(key);
    if (given == null || given.isString() && given.stringValue().equals("auto")) {
      return null;
    }
    if (!given.isNumber()) {
      throw type(key, "a number or \"auto\"", given);
    }
    double value = given.doubleValue();
    if (!(value >= least && value <= most)) {
      throw range(key, "from " + plain(least) + " to " + plain(most), given.asString());
    }
    return value;
  }

  /** An object within this one. */
  @Nullable Body part(String key) {
    var given = take(key);
    if (given == null) {
      return null;
    }
    if (!given.isObject()) {
      throw type(key, "an object", given);
    }
    return within(given, key);
  }

  /** The objects of a list; none when it is not there. */
  List<Body> list(String key) {
    var given = take(key);
    if (given == null) {
      return List.of();
    }
    if (!given.isArray()) {
      throw type(key, "a list", given);
    }
    var all = new ArrayList<Body>();
    for (var item : given) {
      var name = key + "[" + all.size() + "]";
      if (!item.isObject()) {
        throw type(name, "an object", item);
      }
      all.add(within(item, name));
    }
    return all;
  }

  /** The texts of a list; none when it is not there. */
  List<String> texts(String key) {
    var given = take(key);
    if (given == null) {
      return List.of();
    }
    var all = new ArrayList<String>();
    if (!given.isArray()) {
      throw type(key, "a list of texts", given);
    }
    for (var item : given) {
      if (!item.isString()) {
        throw type(key + "[" + all.size() + "]", "a text", item);
      }
      all.add(item.stringValue());
    }
    return all;
  }

  /** All fields of an object, whatever they are; null when it is not there. */
  @Nullable Map<String, Object> fields(String key) {
    var given = take(key);
    if (given == null) {
      return null;
    }
    if (!given.isObject()) {
      throw type(key, "an object", given);
    }
    return JsonMapper.shared().convertValue(given, OBJECT);
  }

  /** Whether there is a value. */
  boolean has(String key) {
    return node.hasNonNull(key);
  }

  String path(String key) {
    return path + key;
  }

  /**
   * Call it when all fields were asked for.
   *
   * @throws WireError for a field that nobody asked for
   */
  void done() {
    for (var key : node.propertyNames()) {
      if (!known.contains(key)) {
        throw WireError.invalid(
            path + key,
            "unknown_parameter",
            "'" + path + key + "' is unknown. " + DidYouMean.remedy(key, known));
      }
    }
    parts.forEach(Body::done);
  }

  private Body within(JsonNode given, String key) {
    var part = new Body(given, path + key + ".");
    parts.add(part);
    return part;
  }

  private @Nullable JsonNode take(String key) {
    known.add(key);
    var given = node.get(key);
    return given == null || given.isNull() ? null : given;
  }

  private WireError type(String key, String wanted, JsonNode given) {
    return WireError.invalid(
        path + key,
        "invalid_type",
        "'%s' must be %s, and is %s.".formatted(path + key, wanted, given));
  }

  private WireError range(String key, String wanted, String given) {
    return WireError.invalid(
        path + key,
        "invalid_value",
        "'%s' must be %s, and is %s.".formatted(path + key, wanted, given));
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
