package dev.lathe.datasets.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON as the plain values that a template computes with. */
final class Plain {
  private Plain() {}

  static @Nullable Object of(JsonNode node) {
    if (node.isObject()) {
      var out = new LinkedHashMap<String, @Nullable Object>();
      node.properties().forEach(e -> out.put(e.getKey(), of(e.getValue())));
      return out;
    }
    if (node.isArray()) {
      var out = new ArrayList<@Nullable Object>();
      node.forEach(n -> out.add(of(n)));
      return out;
    }
    if (node.isNumber()) {
      return node.canConvertToLong() && node.isIntegralNumber()
          ? (Object) node.asLong()
          : (Object) node.asDouble();
    }
    return node.isNull() ? null : node.isBoolean() ? (Object) node.asBoolean() : node.asString();
  }

  /** The object or array that a text is the JSON of; the text itself where it is something else. */
  static @Nullable Object orText(String json) {
    try {
      var node = JsonMapper.shared().readTree(json);
      return node.isObject() || node.isArray() ? of(node) : json;
    } catch (JacksonException e) {
      return json;
    }
  }
}
