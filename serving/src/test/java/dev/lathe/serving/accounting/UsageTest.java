package dev.lathe.serving.accounting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.Usage.By;
import dev.lathe.serving.experiments.Database;
import dev.lathe.serving.settings.LatheYaml;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

class UsageTest {
  private static final LocalDate FIRST = LocalDate.parse("2026-11-20");
  private static final LocalDate LAST = LocalDate.parse("2026-11-22");
  private static final Clock NOW =
      Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);

  @TempDir Path folder;
  private @Nullable Database database;

  @AfterEach
  void close() {
    if (database != null) {
      database.close();
    }
  }

  private Database open(String kind) {
    var opened = kind.equals("H2") ? Database.h2(folder.resolve("lathe")) : Database.postgres();
    database = opened;
    try (var log = new RequestLog(new JdbcTemplate(opened.pool()), opened.transactions())) {
      log.record(row("a", "2026-11-19T23:59:59.999Z", "cloud", 1000, 200, "shop", "1"));
      log.record(row("b", "2026-11-20T00:00:00Z", "cloud", 100, 200, "shop", "0.000000000001"));
      log.record(row("c", "2026-11-20T23:59:59.999Z", "cloud", 20, 200, null, null));
      log.record(row("d", "2026-11-21T12:00:00Z", null, 1_000_000, 200, "shop", "0.05"));
      log.record(row("e", "2026-11-22T06:00:00Z", null, null, 503, "desk", "0"));
      log.record(row("f", "2026-11-22T06:00:00Z", "cloud", 7, 499, "desk", "0.25"));
    }
    return opened;
  }

  private static RequestRow row(
      String id,
      String at,
      @Nullable String provider,
      @Nullable Integer tokens,
      int status,
      @Nullable String key,
      @Nullable String cost) {
    return Rows.of(id, Instant.parse(at), provider, tokens, status)
        .booked(
            key,
            cost == null ? null : new BigDecimal(cost),
            cost == null && key != null ? BigDecimal.ONE : null);
  }

  private static Usage usage(Database database) {
    return new Usage(
        database.jdbc(),
        Prices.of(LatheYaml.of(Map.of("savingsAgainst", "openai:gpt-4o-mini"), Map.of())));
  }

  private static List<String> told(Usage.Report report) {
    return report.items().stream()
        .map(
            l ->
                "%s %d/%d %d+%d $%s ?%d -%s"
                    .formatted(
                        l.name(),
                        l.requests(),
                        l.errors(),
                        l.promptTokens(),
                        l.completionTokens(),
                        l.cost().toPlainString(),
                        l.unpriced(),
                        l.saving()))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"H2", "PostgreSQL"})
  void sumsAreExactByEveryKindAndStayWhatTheyWereWhenRowsArePruned(String kind) {
    var db = open(kind);
    var usage = usage(db);
    var days =
        List.of(
            "2026-11-20 2/0 120+0 $0.000000000001 ?1 -0",
            "2026-11-21 1/0 1000000+0 $0.05 ?0 -0.1",
            "2026-11-22 2/1 7+0 $0.25 ?0 -0");
    assertThat(told(usage.of(FIRST, LAST, By.DAY))).isEqualTo(days);
    var providers =
        List.of("cloud 3/0 127+0 $0.250000000001 ?1 -0", "local 2/1 1000000+0 $0.05 ?0 -0.1");
    assertThat(told(usage.of(FIRST, LAST, By.PROVIDER))).isEqualTo(providers);
    var keys =
        List.of(
            "desk 2/1 7+0 $0.25 ?0 -0",
            "shop 2/0 1000100+0 $0.050000000001 ?0 -0.1",
            "null 1/0 20+0 $0 ?1 -0");
    assertThat(told(usage.of(FIRST, LAST, By.KEY))).isEqualTo(keys);
    assertThat(usage.of(FIRST, LAST, By.TARGET).items())
        .extracting(Usage.Line::name)
        .containsExactly("cloud:m", "support@3");
    assertThat(usage.of(FIRST, LAST, By.MODEL).total().cost())
        .isEqualByComparingTo("0.300000000001");

    var holds = new Holds(db.jdbc(), db.transactions());
    long spent = holds.spent("shop", Instant.EPOCH);
    assertThat(spent).isEqualTo(1_050_000_000_001L);
    try (var pruning = new Pruning(db.jdbc(), db.transactions(), 1, NOW)) {
      assertThat(pruning.prune()).isEqualTo(3);
      assertThat(pruning.prune()).isZero();
    }
    assertThat(db.jdbc().sql("SELECT COUNT(*) FROM requests").query(Long.class).single())
        .isEqualTo(3);
    assertThat(told(usage.of(FIRST, LAST, By.DAY))).isEqualTo(days);
    assertThat(told(usage.of(FIRST, LAST, By.PROVIDER))).isEqualTo(providers);
    assertThat(told(usage.of(FIRST, LAST, By.KEY))).isEqualTo(keys);
    assertThat(holds.spent("shop", Instant.EPOCH)).isEqualTo(spent);
    assertThat(holds.spent("shop", Instant.parse("2026-11-20T00:00:00Z")))
        .isEqualTo(50_000_000_001L);
  }

  @Test
  void rowsOfAnExperimentStayWhileItRunsAndAsLongAfterwardsAsOthers() {
    var db = open("H2");
    db.jdbc().sql("UPDATE requests SET experiment = 'e' WHERE id = 'a'").update();
    db.jdbc()
        .sql("INSERT INTO experiments VALUES ('e', 'running', 1, '[]', ?, NULL)")
        .param(NOW.instant().minusSeconds(900_000).atOffset(ZoneOffset.UTC))
        .update();
    try (var pruning = new Pruning(db.jdbc(), db.transactions(), 1, NOW)) {
      assertThat(pruning.prune()).isEqualTo(2);
      var end = db.jdbc().sql("UPDATE experiments SET ended_at = ?");
      end.param(NOW.instant().minusSeconds(43_200).atOffset(ZoneOffset.UTC)).update();
      assertThat(pruning.prune()).isZero();
      db.jdbc()
          .sql("UPDATE experiments SET ended_at = ?")
          .param(NOW.instant().minusSeconds(140_000).atOffset(ZoneOffset.UTC))
          .update();
      assertThat(pruning.prune()).isEqualTo(1);
    }
  }

  @Test
  void daysMustBeInOrderAndKindsKnown() {
    var usage = usage(open("H2"));
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> usage.of(LAST, FIRST, By.DAY))
        .withMessageContaining("before the first");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> By.of("modle"))
        .withMessageContaining("model");
    assertThat(usage.of(LAST.plusDays(1), LAST.plusDays(2), By.KEY).items()).isEmpty();
    assertThat(usage.of(LAST.plusDays(1), LAST.plusDays(2), By.KEY).total().requests()).isZero();
  }
}
