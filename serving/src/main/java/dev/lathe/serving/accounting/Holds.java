package dev.lathe.serving.accounting;

import dev.lathe.serving.settings.Price;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What is held for answers under way, on disk before a paid target is asked: so that a server that
 * is killed has not forgotten what it was about to spend.
 */
public final class Holds {
  private static final Logger log = LoggerFactory.getLogger(Holds.class);

  /** An answer of another server that is older than this has no server any more. */
  private static final long OLD_SECONDS = 24 * 3600;

  private static final String SPENT =
      """
      SELECT (SELECT COALESCE(SUM(COALESCE(cost, held)), 0) FROM requests
               WHERE key_name = :key AND at >= :from)
           + (SELECT COALESCE(SUM(charged), 0) FROM request_days
               WHERE key_name = :key AND on_day >= :day)
           + (SELECT COALESCE(SUM(amount), 0) FROM request_holds
               WHERE key_name = :key AND at >= :from AND server <> :server)
      """;

  private final JdbcClient jdbc;
  private final TransactionTemplate transaction;
  private final String server = UUID.randomUUID().toString();

  public Holds(JdbcClient jdbc, PlatformTransactionManager transactions) {
    this.jdbc = jdbc;
    this.transaction = new TransactionTemplate(transactions);
  }

  /**
   * Books the answers that ended servers left under way, as if they had cost what was held for
   * them.
   *
   * @param shared whether other servers may be at work, whose younger ones are left alone
   */
  public int adopt(Instant now, boolean shared) {
    var until = time(shared ? now.minusSeconds(OLD_SECONDS) : now.plusSeconds(OLD_SECONDS));
    Integer left =
        transaction.execute(
            t -> {
              int booked =
                  jdbc.sql(
                          """
                          INSERT INTO requests (id, at, asked, target, provider, key_name, held,
                              streamed, status, error, latency_ms)
                            SELECT id, at, asked, target, provider, key_name, amount, FALSE, 500,
                                'the server ended before the answer did', 0
                              FROM request_holds WHERE at < ?
                          """)
                      .param(until)
                      .update();
              jdbc.sql("DELETE FROM request_holds WHERE at < ?").param(until).update();
              return booked;
            });
    return left == null ? 0 : left;
  }

  void put(RequestRow row, Admission admission) {
    try {
      jdbc.sql(
              "INSERT INTO request_holds (id, at, server, key_name, asked, target, provider, amount)"
                  + " VALUES (:id, :at, :server, :key, :asked, :target, :provider, :amount)")
          .param("id", row.id())
          .param("at", time(row.at()))
          .param("server", server)
          .param("key", admission.key())
          .param("asked", RequestLog.clipped(row.asked(), 255))
          .param("target", RequestLog.clipped(row.target(), 255))
          .param("provider", row.provider())
          .param("amount", Price.usd(admission.held()))
          .update();
    } catch (DataAccessException e) {
      // A dead database ends no answers; the budget holds as long as this process lives.
      log.error("what is held for {} cannot be written", row.id(), e);
    }
  }

  /** The next target may cost more. */
  void raise(RequestRow row, Admission admission) {
    try {
      jdbc.sql(
              "UPDATE request_holds SET target = :target, provider = :provider, amount = :amount WHERE id = :id")
          .param("target", RequestLog.clipped(row.target(), 255))
          .param("provider", row.provider())
          .param("amount", Price.usd(admission.held()))
          .param("id", row.id())
          .update();
    } catch (DataAccessException e) {
      log.error("what is held for {} cannot be written", row.id(), e);
    }
  }

  /** In picodollars, since then, by rows that are written and by other servers' holds. */
  long spent(String key, Instant from) {
    var sum =
        jdbc.sql(SPENT)
            .param("key", key)
            .param("from", time(from))
            .param("day", from.atOffset(ZoneOffset.UTC).toLocalDate())
            .param("server", server)
            .query(BigDecimal.class)
            .single();
    return Price.picodollars(sum);
  }

  private static OffsetDateTime time(Instant at) {
    return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
  }
}
