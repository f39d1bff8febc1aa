package dev.lathe.serving.accounting;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.init.ResourceDatabasePopulator;

class RequestLogTest {
  private final AtomicBoolean dead = new AtomicBoolean();
  private JdbcTemplate jdbc;
  private DataSourceTransactionManager transactions;
  private RequestLog log;

  @BeforeEach
  void open() {
    var h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
    new ResourceDatabasePopulator(
            new ClassPathResource("db/migration/V3__serving.sql"),
            new ClassPathResource("db/migration/V7__accounting.sql"))
        .execute(h2);
    var mortal =
        new DelegatingDataSource(h2) {
          @Override
          public java.sql.Connection getConnection() throws java.sql.SQLException {
            if (dead.get()) {
              throw new java.sql.SQLException("the database is dead");
            }
            return super.getConnection();
          }
        };
    jdbc = new JdbcTemplate(mortal);
    transactions = new DataSourceTransactionManager(mortal);
    log = new RequestLog(jdbc, transactions);
  }

  @AfterEach
  void close() {
    dead.set(false);
    log.close();
  }

  private static RequestRow row(String id, String asked) {
    return new RequestRow(
        id,
        Instant.parse("2026-11-21T10:15:00.123456Z"),
        asked,
        "support@3",
        "champion",
        "support@3",
        "r1",
        "desk@1",
        "smollm2",
        "e1",
        2,
        1,
        "5ub",
        true,
        200,
        null,
        1.5,
        20.25,
        9,
        16,
        4,
        new BigDecimal("0.000012345678"),
        "lab",
        "shop",
        null);
  }

  private long rows() {
    var n = jdbc.queryForObject("SELECT COUNT(*) FROM requests", Long.class);
    return n == null ? -1 : n;
  }

  private void until(long rows) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (rows() < rows && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    assertThat(rows()).isEqualTo(rows);
  }

  @Test
  void aRowIsFoundAtOnceAndInTheDatabaseByItself() throws Exception {
    var row = row("a", "support");
    log.record(row);
    assertThat(log.find("a")).contains(row);
    until(1);
    assertThat(log.find("a")).contains(row);
    assertThat(log.find("b")).isEmpty();
    assertThat(log.lost()).isZero();
  }

  @Test
  void anAnswerUnderWayIsFoundAndWrittenOnlyAsItEnded() throws Exception {
    log.begin(row("a", "support"));
    assertThat(log.find("a")).contains(row("a", "support"));
    log.flush();
    assertThat(rows()).isZero();
    var ended = row("a", "support@champion");
    log.record(ended);
    assertThat(log.find("a")).contains(ended);
    until(1);
    assertThat(log.find("a")).contains(ended);
  }

  @Test
  void anAnswerThatIsNotTakenInIsForgotten() {
    log.begin(row("a", "support"));
    log.close();
    log.record(row("a", "support"));
    assertThat(log.find("a")).isEmpty();
    assertThat(log.lost()).isEqualTo(1);
  }

  @Test
  void rowsOfManyThreadsAllArrive() throws Exception {
    var threads = new ArrayList<CompletableFuture<Void>>();
    for (int t = 0; t < 8; t++) {
      int of = t;
      threads.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < 500; i++) {
                  log.record(row(of + "-" + i, "support"));
                }
              }));
    }
    threads.forEach(CompletableFuture::join);
    until(4000);
  }

  @Test
  void nothingIsLeftBehindByAnOrderlyEnd() {
    for (int i = 0; i < 3000; i++) {
      log.record(row("c" + i, "support"));
    }
    log.close();
    assertThat(rows()).isEqualTo(3000);
    assertThat(log.lost()).isZero();
  }

  @Test
  void whileTheDatabaseIsDeadRowsWaitAndNobodyElseDoes() throws Exception {
    dead.set(true);
    for (int i = 0; i < 100; i++) {
      log.record(row("d" + i, "support"));
    }
    log.flush();
    assertThat(log.waiting()).isEqualTo(100);
    assertThat(log.find("d7")).isPresent();
    dead.set(false);
    until(100);
    assertThat(log.lost()).isZero();
  }

  @Test
  void whatDoesNotFitIntoMemoryIsCountedAsLost() {
    dead.set(true);
    for (int i = 0; i < RequestLog.MOST + 50; i++) {
      log.record(row("f" + i, "s"));
    }
    assertThat(log.lost()).isEqualTo(50);
    log.close();
    assertThat(log.lost()).isEqualTo(RequestLog.MOST + 50);
    dead.set(false);
  }

  @Test
  void longOrHostileTextsAreCutAndARowThatIsNotTakenCostsNoOther() throws Exception {
    log.record(row("g1", "x".repeat(5000) + "\0"));
    log.record(row("g".repeat(65), "an id too long for its column"));
    log.record(row("g2", "nul\0nul"));
    log.record(row("g2", "twice"));
    until(2);
    log.flush();
    assertThat(log.lost()).isEqualTo(1);
    assertThat(log.waiting()).isZero();
    assertThat(log.find("g1").orElseThrow().asked()).hasSize(255);
  }
}
