package dev.lathe.serving.accounting;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.serving.settings.Price;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Adds up what was asked, answered and paid, of rows and of the sums of pruned ones alike. */
public final class Usage {
  /** Clients who left (499) are no errors. */
  static final String FAILED =
      "(status >= 400 AND status <> 499 OR status < 400 AND error IS NOT NULL)";

  private static final int MOST_DAYS = 3_660;

  /** What the sums are by. */
  public enum By {
    DAY("epoch_day"),
    MODEL("asked"),
    TARGET("target"),
    KEY("key_name"),
    PROVIDER("COALESCE(provider, 'local')");

    private final String sql;

    By(String sql) {
      this.sql = sql;
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * @throws BadInput for an unknown one
     */
    public static By of(String word) {
      var words = Arrays.stream(values()).map(By::word).toList();
      if (!words.contains(word)) {
        throw new BadInput("usage is not summed by that", word, DidYouMean.remedy(word, words));
      }
      return valueOf(word.toUpperCase(Locale.ROOT));
    }
  }

  /**
   * @param name of the day, the model as it was asked for, the target, the key (null: without one)
   *     or the provider ("local" for local ones)
   * @param errors status 400 and above, or broken off; a client that left is none
   * @param cachedTokens of the prompt's
   * @param cost in USD, of the answers whose cost is known
   * @param unpriced answers whose cost nobody knows
   * @param saving what local answers would have cost at {@code savingsAgainst}, less what they did;
   *     null when they are held against nothing
   */
  public record Line(
      @Nullable String name,
      long requests,
      long errors,
      long promptTokens,
      long cachedTokens,
      long completionTokens,
      BigDecimal cost,
      long unpriced,
      @Nullable BigDecimal saving) {}

  /**
   * @param from the first day, UTC's
   * @param to the last
   */
  public record Report(
      LocalDate from,
      LocalDate to,
      String by,
      @Nullable String savingsAgainst,
      List<Line> items,
      Line total) {}

  private static final String SUMS =
      """
      SELECT name, SUM(requests) AS requests, SUM(errors) AS errors, SUM(prompt) AS prompt,
             SUM(cached) AS cached, SUM(completion) AS completion, SUM(cost) AS cost,
             SUM(unpriced) AS unpriced,
             SUM(CASE WHEN provider IS NULL THEN prompt ELSE 0 END) AS local_prompt,
             SUM(CASE WHEN provider IS NULL THEN completion ELSE 0 END) AS local_completion,
             SUM(CASE WHEN provider IS NULL THEN cost ELSE 0 END) AS local_cost
        FROM (SELECT %s AS name, provider, requests, errors, prompt, cached, completion, cost,
                     unpriced
                FROM (SELECT FLOOR(EXTRACT(EPOCH FROM at) / 86400) AS epoch_day, asked, target,
                             provider, key_name, 1 AS requests,
                             CASE WHEN %s THEN 1 ELSE 0 END AS errors,
                             COALESCE(prompt_tokens, 0) AS prompt,
                             COALESCE(cached_tokens, 0) AS cached,
                             COALESCE(completion_tokens, 0) AS completion,
                             COALESCE(cost, 0) AS cost,
                             CASE WHEN cost IS NULL THEN 1 ELSE 0 END AS unpriced
                        FROM requests WHERE at >= :from AND at < :until
                      UNION ALL
                      SELECT FLOOR(EXTRACT(EPOCH FROM on_day) / 86400), asked, target, provider,
                             key_name, requests, errors, prompt_tokens, cached_tokens,
                             completion_tokens, cost, unpriced
                        FROM request_days WHERE on_day >= :first AND on_day <= :last) asked_for
             ) named
       GROUP BY name ORDER BY %s
      """;

  private final JdbcClient jdbc;
  private final Prices prices;

  public Usage(JdbcClient jdbc, Prices prices) {
    this.jdbc = jdbc;
    this.prices = prices;
  }

  /**
   * @throws BadInput when the days are in the wrong order, or too many
   */
  public Report of(LocalDate from, LocalDate to, By by) {
    if (to.isBefore(from)) {
      throw new BadInput("the last day lies before the first", from + " to " + to, "Turn them.");
    }
    if (from.plusDays(MOST_DAYS).isBefore(to)) {
      throw new BadInput("the days are too many", from + " to " + to, "Ask for ten years at most.");
    }
    var lines = new ArrayList<Line>();
    jdbc.sql(
            SUMS.formatted(
                by.sql, FAILED, by == By.DAY ? "name" : "cost DESC, requests DESC, name"))
        .param("from", from.atStartOfDay().atOffset(ZoneOffset.UTC))
        .param("until", to.plusDays(1).atStartOfDay().atOffset(ZoneOffset.UTC))
        .param("first", from)
        .param("last", to)
        .query((RowCallbackHandler) rs -> lines.add(line(rs, by)));
    return new Report(from, to, by.word(), prices.against(), lines, total(lines));
  }

  private Line line(ResultSet rs, By by) throws SQLException {
    return new Line(
        by == By.DAY ? LocalDate.ofEpochDay(rs.getLong("name")).toString() : rs.getString("name"),
        rs.getLong("requests"),
        rs.getLong("errors"),
        rs.getLong("prompt"),
        rs.getLong("cached"),
        rs.getLong("completion"),
        plain(rs.getBigDecimal("cost")),
        rs.getLong("unpriced"),
        saving(
            rs.getBigDecimal("local_prompt"),
            rs.getBigDecimal("local_completion"),
            rs.getBigDecimal("local_cost")));
  }

  private @Nullable BigDecimal saving(BigDecimal prompt, BigDecimal completion, BigDecimal paid) {
    var price = prices.reference();
    return price == null
        ? null
        : plain(
            prompt
                .multiply(Price.usd(price.input()))
                .add(completion.multiply(Price.usd(price.output())))
                .subtract(paid));
  }

  private Line total(List<Line> lines) {
    return new Line(
        "total",
        lines.stream().mapToLong(Line::requests).sum(),
        lines.stream().mapToLong(Line::errors).sum(),
        lines.stream().mapToLong(Line::promptTokens).sum(),
        lines.stream().mapToLong(Line::cachedTokens).sum(),
        lines.stream().mapToLong(Line::completionTokens).sum(),
        plain(lines.stream().map(Line::cost).reduce(BigDecimal.ZERO, BigDecimal::add)),
        lines.stream().mapToLong(Line::unpriced).sum(),
        prices.reference() == null
            ? null
            : plain(
                lines.stream()
                    .map(l -> l.saving() == null ? BigDecimal.ZERO : l.saving())
                    .reduce(BigDecimal.ZERO, BigDecimal::add)));
  }

  /** Without the zeros behind, and never as a power of ten. */
  private static BigDecimal plain(BigDecimal usd) {
    var stripped = usd.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
  }
}
