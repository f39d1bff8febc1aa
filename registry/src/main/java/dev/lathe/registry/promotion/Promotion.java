package dev.lathe.registry.promotion;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A row of the promotion history.
 *
 * @param version where the alias stands since: {@code support@3}
 * @param previous where it stood before; null for the first
 * @param gates what was measured; none for a rollback
 * @param change its place in the alias's history, from 1
 * @param forced whether failed or missing gates were overridden
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Promotion(
    String version,
    String alias,
    @Nullable String previous,
    String by,
    String reason,
    List<GateResult> gates,
    Instant at,
    Kind kind,
    boolean forced,
    long change) {

  /** How an alias came to stand where it stands. */
  public enum Kind {
    PROMOTE,
    ROLLBACK;

    /** In lower case, as on the wire and in the database. */
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Kind of(String word) {
      return valueOf(word.toUpperCase(Locale.ROOT));
    }
  }

  public Promotion {
    gates = List.copyOf(gates);
  }

  /** The model's name. */
  public String name() {
    return version.substring(0, version.indexOf('@'));
  }

  /** The version's number. */
  public int number() {
    return number(version);
  }

  @Nullable Integer previousNumber() {
    return previous == null ? null : Integer.valueOf(number(previous));
  }

  private static int number(String version) {
    return Integer.parseInt(version.substring(version.indexOf('@') + 1));
  }
}
