package dev.lathe.checkpoints.bases;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads a {@code config.json} key by key; what is wrong is noted, and reading goes on. */
final class ConfigReader {
  private final ObjectNode config;
  private final List<String> problems = new ArrayList<>();

  ConfigReader(ObjectNode config) {
    this.config = config;
  }

  List<String> problems() {
    return problems;
  }

  void problem(String problem) {
    problems.add(problem);
  }

  JsonNode at(String key) {
    return config.path(key);
  }

  /** Whether the key is there and not null. */
  boolean has(String key) {
    return config.hasNonNull(key);
  }

  /**
   * A positive whole number; a problem noted, 1 goes on so that the other keys are looked at too.
   */
  int size(String key, @Nullable Integer otherwise) {
    var node = config.get(key);
    if (node == null || node.isNull()) {
      if (otherwise == null) {
        problems.add(key + " is missing");
        return 1;
      }
      return otherwise;
    }
    if (node.isIntegralNumber() && node.canConvertToInt() && node.intValue() > 0) {
      return node.intValue();
    }
    problems.add(key + " is " + node + ", not a positive whole number");
    return 1;
  }

  double positive(String key, double otherwise) {
    return positive(config, key, otherwise);
  }

  double positive(ObjectNode from, String key, double otherwise) {
    var node = from.get(key);
    if (node == null || node.isNull()) {
      return otherwise;
    }
    if (node.isNumber() && node.asDouble() > 0 && Double.isFinite(node.asDouble())) {
      return node.asDouble();
    }
    problems.add(key + " is " + node + ", not a positive number");
    return otherwise;
  }

  boolean flag(String key, boolean otherwise) {
    var node = config.get(key);
    if (node == null || node.isNull()) {
      return otherwise;
    }
    if (!node.isBoolean()) {
      problems.add(key + " is " + node + ", neither true nor false");
      return otherwise;
    }
    return node.booleanValue();
  }

  String text(String key, String otherwise) {
    return config.path(key).asString(otherwise);
  }
}
