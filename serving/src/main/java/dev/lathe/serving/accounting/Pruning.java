package dev.lathe.serving.accounting;

import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Puts the sums of old days in the place of their rows. A row's sums are written in the transaction
 * in which it goes, so budgets and usage stay right at every moment. The rows of an experiment stay
 * as long as it runs, and as many days more.
 */
public final class Pruning implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Pruning.class);
  private static final Duration EVERY = Duration.ofHours(1);

  private static final String OLD =
      """
       at < :until AND (experiment IS NULL
          OR experiment IN (SELECT id FROM experiments WHERE ended_at < :cutoff))
      """;
  private static final String SUM =
      """
      INSERT INTO request_days (on_day, asked, target, provider, key_name, requests, errors, unpriced,
          prompt_tokens, cached_tokens, completion_tokens, cost, charged)
        SELECT CAST(:day AS DATE), asked, target, provider, key_name, COUNT(*),
      """
          + "  SUM(CASE WHEN "
          + Usage.FAILED
          + """
               THEN 1 ELSE 0 END),
            SUM(CASE WHEN cost IS NULL THEN 1 ELSE 0 END), SUM(COALESCE(prompt_tokens, 0)),
            SUM(COALESCE(cached_tokens, 0)), SUM(COALESCE(completion_tokens, 0)),
            SUM(COALESCE(cost, 0)), SUM(COALESCE(cost, held, 0))
          FROM requests WHERE at >= :from AND\s"""
          + OLD
          + " GROUP BY asked, target, provider, key_name";

  private final JdbcClient jdbc;
  private final TransactionTemplate transaction;
  private final int keepDays;
  private final Clock clock;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param keepDays how many days' rows are kept, today's not counted
   */
  public Pruning(
      JdbcClient jdbc, PlatformTransactionManager transactions, int keepDays, Clock clock) {
    this.jdbc = jdbc;
    this.transaction = new TransactionTemplate(transactions);
    // What is summed is what is deleted, whoever writes or prunes meanwhile.
    this.transaction.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
    this.keepDays = keepDays;
    this.clock = clock;
    this.thread = Thread.ofPlatform().name("pruning").daemon().unstarted(this::pruneOn);
  }

  /** Prunes now and then, until it is closed. */
  public Pruning start() {
    thread.start();
    return this;
  }

  private void pruneOn() {
    while (!closed) {
      try {
        long rows = prune();
        if (rows > 0) {
          log.info("{} rows of the request log became sums of their days", rows);
        }
      } catch (RuntimeException e) { // a dead database: it is tried again
        log.warn("the request log was not pruned: {}", e.toString());
      }
      LockSupport.parkNanos(EVERY.toNanos());
    }
  }

  /** A day at a time; how many rows went. */
  public long prune() {
    long rows = 0;
    var cutoff =
        midnight(clock.instant().atOffset(ZoneOffset.UTC).toLocalDate().minusDays(keepDays));
    while (!closed) {
      var day = oldest(cutoff);
      if (day.isEmpty()) {
        return rows;
      }
      rows += prune(day.get(), cutoff);
    }
    return rows;
  }

  private static OffsetDateTime midnight(LocalDate day) {
    return day.atStartOfDay().atOffset(ZoneOffset.UTC);
  }

  private Optional<LocalDate> oldest(OffsetDateTime cutoff) {
    return jdbc.sql("SELECT MIN(at) AS oldest FROM requests WHERE" + OLD)
        .param("until", cutoff)
        .param("cutoff", cutoff)
        .query((rs, n) -> Optional.ofNullable(rs.getObject("oldest", OffsetDateTime.class)))
        .single()
        .map(at -> at.withOffsetSameInstant(ZoneOffset.UTC).toLocalDate());
  }

  private int prune(LocalDate day, OffsetDateTime cutoff) {
    var from = midnight(day);
    Integer went =
        transaction.execute(
            t -> {
              jdbc.sql(SUM)
                  .param("day", day)
                  .param("from", from)
                  .param("until", from.plusDays(1))
                  .param("cutoff", cutoff)
                  .update();
              return jdbc.sql("DELETE FROM requests WHERE at >= :from AND" + OLD)
                  .param("from", from)
                  .param("until", from.plusDays(1))
                  .param("cutoff", cutoff)
                  .update();
            });
    return went == null ? 0 : went;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
