package dev.lathe.pipelines.supervision;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One line of a run's journal.
 *
 * @param seq 1 for a journal's first record, one more for each after it
 * @param type started, estimate, cut, step, evaluating, eval, checkpoint, event, sample or ended
 * @param fields everything else, as JSON has it (String, Integer, Long, Double, Boolean, List, Map)
 */
public record JournalRecord(long seq, Instant at, String type, Map<String, Object> fields) {

  /** The last record of a type. */
  public static Optional<JournalRecord> last(List<JournalRecord> records, String type) {
    return records.reversed().stream().filter(r -> r.type().equals(type)).findFirst();
  }

  /** The text of a field, if it is there. */
  public Optional<String> text(String field) {
    return Optional.ofNullable(fields.get(field)).map(Object::toString);
  }

  /** A field as a number; NaN and the infinities, which JSON has only as strings, included. */
  public Optional<Double> number(String field) {
    return Optional.ofNullable(toNumber(fields.get(field)));
  }

  private static @Nullable Double toNumber(@Nullable Object value) {
    return switch (value) {
      case Number n -> n.doubleValue();
      case String s when s.equals("NaN") -> Double.NaN;
      case String s when s.equals("Infinity") -> Double.POSITIVE_INFINITY;
      case String s when s.equals("-Infinity") -> Double.NEGATIVE_INFINITY;
      case null, default -> null;
    };
  }
}
