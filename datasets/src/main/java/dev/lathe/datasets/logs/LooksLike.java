package dev.lathe.datasets.logs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Says in words what a file that is no log seems to be. */
final class LooksLike {
  private LooksLike() {}

  static String describe(Path path) {
    byte[] head;
    try (var in = Compression.open(path)) {
      head = in.readNBytes(1 << 16);
    } catch (IOException e) {
      return "a damaged compressed file (" + e.getMessage() + ")";
    }
    if (head.length == 0) {
      return "an empty file";
    }
    var text = new String(head, StandardCharsets.UTF_8);
    if (text.startsWith("PK")) {
      return "a zip archive";
    }
    if (text.startsWith("PAR1")) {
      return "a Parquet file";
    }
    if (text.startsWith("GGUF")) {
      return "a GGUF model";
    }
    if (text.startsWith("%PDF")) {
      return "a PDF";
    }
    if (text.indexOf('\0') >= 0) {
      return "a binary file";
    }
    if (text.indexOf('�') >= 0) {
      return "text that is not UTF-8";
    }
    return text(text.strip());
  }

  private static String text(String text) {
    if (text.startsWith("<")) {
      return "HTML or XML";
    }
    if (text.startsWith("{") || text.startsWith("[")) {
      return json(text);
    }
    var first = text.lines().findFirst().orElse("");
    for (var separator : new String[] {"\t", ",", ";"}) {
      if (first.split(separator, -1).length > 2) {
        return separator.equals("\t") ? "a table (TSV)" : "a table (CSV)";
      }
    }
    return "plain text";
  }

  private static String json(String text) {
    var entry = text.startsWith("[") ? text.substring(1).strip() : text;
    try (var parser = Json.MAPPER.createParser(entry)) {
      parser.nextToken();
      JsonNode node = parser.readValueAsTree();
      if (node.isObject()) {
        return "JSON objects with the keys "
            + node.propertyNames().stream().limit(8).collect(Collectors.joining(", "));
      }
      return "JSON, but no objects";
    } catch (JacksonException e) {
      return "JSON that is broken: " + Json.reason(e);
    }
  }
}
