package dev.lathe.registry.runs;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One journal record on its way into the registry.
 *
 * @param seq its place in the run's journal, from 1
 * @param fields as JSON has them
 */
public record RunRecord(long seq, Instant at, String type, Map<String, Object> fields) {

  @Nullable Double number(String field) {
    return toNumber(fields.get(field));
  }

  long whole(String field, long otherwise) {
    return fields.get(field) instanceof Number n ? n.longValue() : otherwise;
  }

  @Nullable String text(String field) {
    var value = fields.get(field);
    return value == null ? null : value.toString();
  }

  static @Nullable Double toNumber(@Nullable Object value) {
    return switch (value) {
      case Number n -> n.doubleValue();
      case String s when s.equals("NaN") -> Double.NaN;
      case String s when s.equals("Infinity") -> Double.POSITIVE_INFINITY;
      case String s when s.equals("-Infinity") -> Double.NEGATIVE_INFINITY;
      case null, default -> null;
    };
  }
}
