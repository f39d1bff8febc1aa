package dev.lathe.serving.settings;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;

/**
 * What a key may spend.
 *
 * @param limit in picodollars
 */
public record Budget(Period period, long limit) {
  /** Days and months are UTC's. */
  public enum Period {
    DAY,
    MONTH,
    TOTAL;

    public Instant start(Instant now) {
      return switch (this) {
        case DAY -> midnight(date(now));
        case MONTH -> midnight(date(now).withDayOfMonth(1));
        case TOTAL -> Instant.EPOCH;
      };
    }

    /** When the next one begins; far away where there is none. */
    public Instant end(Instant now) {
      return switch (this) {
        case DAY -> midnight(date(now).plusDays(1));
        case MONTH -> midnight(date(now).withDayOfMonth(1).plusMonths(1));
        case TOTAL -> Instant.MAX;
      };
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    private static LocalDate date(Instant at) {
      return at.atOffset(ZoneOffset.UTC).toLocalDate();
    }

    private static Instant midnight(LocalDate day) {
      return day.atStartOfDay(ZoneOffset.UTC).toInstant();
    }
  }
}
