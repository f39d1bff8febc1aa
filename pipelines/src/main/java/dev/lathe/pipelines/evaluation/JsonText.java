package dev.lathe.pipelines.evaluation;

import java.util.ArrayList;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON as models write it: read strictly, compared by meaning. */
final class JsonText {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JsonText() {}

  /** What a text says, white space around it aside; empty when it is not JSON and nothing else. */
  static Optional<JsonNode> read(String text) {
    if (text.isBlank()) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readTree(text));
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  /** The object or array that a text is; a bare number or word is no structured answer. */
  static Optional<JsonNode> container(String text) {
    return read(text).filter(JsonNode::isContainer);
  }

  /** Equal whatever the order of keys and the form of numbers: 1, 1.0 and 10e-1 are one. */
  static boolean same(JsonNode a, JsonNode b) {
    if (a.isNumber() && b.isNumber()) {
      return a.decimalValue().compareTo(b.decimalValue()) == 0;
    }
    if (a.isObject() && b.isObject()) {
      return a.size() == b.size()
          && a.properties().stream()
              .allMatch(e -> b.has(e.getKey()) && same(e.getValue(), b.get(e.getKey())));
    }
    if (a.isArray() && b.isArray()) {
      var left = new ArrayList<JsonNode>();
      var right = new ArrayList<JsonNode>();
      a.forEach(left::add);
      b.forEach(right::add);
      if (left.size() != right.size()) {
        return false;
      }
      for (int i = 0; i < left.size(); i++) {
        if (!same(left.get(i), right.get(i))) {
          return false;
        }
      }
      return true;
    }
    return a.equals(b);
  }

  /** The same of texts; those that are no JSON are compared as they are. */
  static boolean same(String a, String b) {
    var left = read(a);
    var right = read(b);
    return left.isPresent() && right.isPresent()
        ? same(left.get(), right.get())
        : a.strip().equals(b.strip());
  }
}
