package dev.lathe.serving.experiments;

import java.io.IOException;
import java.io.UncheckedIOException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code benchmarks/reference/experiments.py} computed with numpy and scipy. */
final class ReferenceNumbers {
  private ReferenceNumbers() {}

  static JsonNode of(String part) {
    try (var in = ReferenceNumbers.class.getResourceAsStream("/reference/experiments.json")) {
      return JsonMapper.shared().readTree(in).path(part);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
