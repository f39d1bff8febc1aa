package dev.lathe.serving.accounting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lathe.serving.experiments.Database;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.wire.WireError;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** What budgets promise, on either database. A paid token costs a thousandth of a dollar. */
abstract class LedgerContract {
  private static final String YAML =
      """
      prices: {"paid:*": {per1kTokens: 1}, "free:*": {input: 0, output: 0}}
      keys:
        shop: {secret: shop-shop-shop-shop, budgetUsd: {day: 1, total: 3}, tokensPerMinute: 1000000}
        desk: {secret: desk-desk-desk-desk}
      """;

  private volatile Instant now = Instant.parse("2026-11-22T12:00:00Z");
  private int count;
  private Database database;
  private RequestLog log;
  private Keyring keys;
  private Ledger ledger;

  abstract Database database();

  private final Clock clock =
      new Clock() {
        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }

        @Override
        public Instant instant() {
          return now;
        }
      };

  @BeforeEach
  void open() {
    database = database();
    start(false);
  }

  @AfterEach
  void close() {
    log.close();
    database.close();
  }

  /** As a server does that finds this table. */
  private int start(boolean shared) {
    var yaml =
        LatheYaml.of(
            new YAMLMapper().readValue(YAML, new TypeReference<Map<String, Object>>() {}),
            Map.of());
    log = new RequestLog(new JdbcTemplate(database.pool()), database.transactions());
    keys = new Keyring(yaml.accounting().keys());
    var holds = new Holds(database.jdbc(), database.transactions());
    int left = holds.adopt(now, shared);
    ledger =
        new Ledger(
            log,
            Prices.of(yaml),
            keys,
            holds,
            clock,
            shared ? Duration.ofMillis(1) : null,
            List.of());
    return left;
  }

  private int restart() {
    log.close();
    return start(false);
  }

  private Admission admit(long tokens) {
    var account = keys.find("shop-shop-shop-shop").orElseThrow();
    var admission = account.admit("any", () -> new Estimate(tokens, 0));
    admission.orThrow();
    return admission;
  }

  private RequestRow row(String provider, @Nullable Integer tokens, int status) {
    return Rows.of("a-" + ++count, now, provider, tokens, status);
  }

  /** A request that is thought to take so many tokens, and takes others. */
  private void ask(long expected, @Nullable Integer took, int status) {
    var row = row("paid", took, status);
    try (var admission = admit(expected)) {
      ledger.hold(row, admission);
      ledger.begin(row);
      ledger.record(row, admission, null);
    }
  }

  private String spent(String key) {
    log.flush();
    return new Holds(database.jdbc(), database.transactions()).spent(key, Instant.EPOCH)
            / 1_000_000_000L
        + " thousandths";
  }

  private void refused(long tokens) {
    assertThatExceptionOfType(WireError.class)
        .isThrownBy(() -> ask(tokens, 1, 200))
        .satisfies(
            e -> {
              assertThat(e.status()).isEqualTo(429);
              assertThat(e.code()).isEqualTo("insufficient_quota");
              assertThat(e.message()).contains("'shop'", "USD");
            });
  }

  @Test
  void whatAnswersCostIsWrittenExactlyAndOnTheirKey() {
    ask(100, 123, 200);
    log.flush();
    var row = log.find("a-1").orElseThrow();
    assertThat(row.cost()).isEqualByComparingTo("0.123");
    assertThat(row.key()).isEqualTo("shop");
    assertThat(row.held()).isNull();
    assertThat(spent("shop")).isEqualTo("123 thousandths");
    assertThat(spent("desk")).isEqualTo("0 thousandths");
  }

  @Test
  void aBudgetIsUsedUpAndComesBackOnTheNextDayUntilTheTotalIsSpent() {
    ask(600, 700, 200);
    refused(301);
    ask(300, 300, 200);
    refused(1);
    now = now.plus(Duration.ofHours(12));
    awaitNewDay();
    ask(1000, 1000, 200);
    refused(1);
    now = now.plus(Duration.ofDays(1));
    awaitNewDay();
    ask(1000, 999, 200);
    refused(2);
    ask(1, 1, 200);
    now = now.plus(Duration.ofDays(1));
    awaitNewDay();
    assertThatExceptionOfType(WireError.class)
        .isThrownBy(() -> ask(1, 1, 200))
        .satisfies(
            e -> {
              assertThat(e.message()).contains("3 USD in all");
              assertThat(e.retryAfter()).as("no day helps").isNull();
            });
  }

  /** The log's thread reads the sums of a new day within a quarter of a second. */
  private void awaitNewDay() {
    var day = keys.accounts().iterator().next().budgets().getFirst();
    until(() -> !day.isOver(now));
  }

  @Test
  void whatCostsNothingGoesOnWhenTheBudgetIsSpent() {
    ask(1000, 1000, 200);
    refused(1);
    var row = row("free", 9, 200);
    try (var admission = admit(50)) {
      ledger.hold(row, admission);
      ledger.begin(row);
      ledger.record(row, admission, null);
    }
    log.flush();
    assertThat(log.find(row.id()).orElseThrow().cost()).isZero();
  }

  @Test
  void aTargetThatNobodyCanPriceIsRefusedToAKeyWithABudgetAndLoggedAsUnknownWithout() {
    var row = row("riddle", 9, 200);
    try (var admission = admit(1)) {
      assertThatExceptionOfType(WireError.class)
          .isThrownBy(() -> ledger.hold(row, admission))
          .satisfies(e -> assertThat(e.code()).isEqualTo("price_unknown"));
    }
    ledger.hold(row, Admission.FREE);
    ledger.record(row, Admission.FREE, null);
    assertThat(log.find(row.id()).orElseThrow().cost()).isNull();
  }

  @Test
  void manyAtOnceDoNotOverspend() {
    var let = new ConcurrentLinkedQueue<Admission>();
    var refused = new ConcurrentLinkedQueue<WireError>();
    IntStream.range(0, 200)
        .parallel()
        .forEach(
            i -> {
              var admission = admit(30);
              var mine = Rows.of("p-" + i, now, "paid", 30, 200);
              try {
                ledger.hold(mine, admission);
                ledger.begin(mine);
                let.add(admission);
                ledger.record(mine, admission, null);
              } catch (WireError e) {
                refused.add(e);
              } finally {
                admission.close();
              }
            });
    assertThat(let).hasSize(33);
    assertThat(refused).hasSize(167).allMatch(e -> "insufficient_quota".equals(e.code()));
    assertThat(spent("shop")).isEqualTo("990 thousandths");
    assertThat(keys.accounts().iterator().next().underWay()).isZero();
  }

  @Test
  void aRestartFindsWhatWasSpent() {
    ask(600, 600, 200);
    assertThat(restart()).isZero();
    refused(401);
    ask(400, 400, 200);
  }

  @Test
  void whatWasUnderWayWhenTheServerDiedCountsAsItWasHeld() {
    ask(200, 250, 200);
    ledger.hold(row("paid", null, 200), admit(600));
    assertThat(restart()).isEqualTo(1); // another process, on what the dead one left
    refused(151);
    var row = log.find("a-2").orElseThrow();
    assertThat(row.status()).isEqualTo(500);
    assertThat(row.cost()).isNull();
    assertThat(row.held()).isEqualByComparingTo("0.6");
    ask(150, 150, 200);
    assertThat(restart()).isZero();
  }

  @Test
  void anAnswerThatDoesNotSayWhatItUsedCountsAsItWasHeldAndOneThatNeverCameAsNothing() {
    ask(300, null, 200);
    ask(300, null, 503);
    ask(300, null, 499);
    assertThat(spent("shop")).isEqualTo("600 thousandths");
    assertThat(log.find("a-1").orElseThrow().cost()).isNull();
    assertThat(log.find("a-2").orElseThrow().cost()).isZero();
    refused(401);
  }

  @Test
  void aServerLearnsWhatAnotherSpendsOnTheSameKey() {
    log.close();
    start(true);
    var mine = log;
    var myKeys = keys;
    var myLedger = ledger;
    start(true);
    ask(900, 900, 200);
    log.close();
    log = mine;
    keys = myKeys;
    ledger = myLedger;
    now = now.plusSeconds(1);
    var day = keys.accounts().iterator().next().budgets().getFirst();
    until(() -> day.used() > 0);
    refused(101);
    ask(100, 100, 200);
  }

  private static void until(BooleanSupplier holds) {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!holds.getAsBoolean() && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertThat(holds.getAsBoolean()).isTrue();
  }
}
