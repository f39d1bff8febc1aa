package dev.lathe.serving.accounting;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Writes requests into the database in batches, a moment after they ended. Recording never waits
 * and never fails: while the database does not take rows they are kept, up to {@link #MOST}; what
 * comes then is counted as lost.
 */
public final class RequestLog implements AutoCloseable {
  /** Rows kept in memory while the database does not take them. */
  static final int MOST = 100_000;

  private static final int BATCH = 1_000;
  private static final Duration EVERY = Duration.ofMillis(250);
  private static final Logger log = LoggerFactory.getLogger(RequestLog.class);
  private static final String INSERT =
      """
      INSERT INTO requests (id, at, asked, target, alias, version, run_id, dataset, base,
        experiment, phase, arm, subject, streamed, status, error, first_byte_ms, latency_ms,
        prompt_tokens, completion_tokens, cached_tokens, cost, provider, key_name, held)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;

  /** Who wants to know what has reached the table; nothing is written while it is told. */
  interface Listener {
    void written(List<RequestRow> rows);

    /** Comes a few times a second. */
    void tick();
  }

  private final JdbcTemplate jdbc;
  private final TransactionTemplate transaction;
  private final ConcurrentLinkedQueue<RequestRow> waiting = new ConcurrentLinkedQueue<>();
  private final ConcurrentHashMap<String, RequestRow> unwritten = new ConcurrentHashMap<>();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private final ReentrantLock writing = new ReentrantLock();
  private final Thread writer;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean closed;
  private volatile boolean failing;

  public RequestLog(JdbcTemplate jdbc, PlatformTransactionManager transactions) {
    this.jdbc = jdbc;
    this.transaction = new TransactionTemplate(transactions);
    this.writer = Thread.ofPlatform().name("request log").daemon().start(this::writeOn);
  }

  /**
   * Makes an answer known before its first byte goes out: feedback can come as soon as its id is
   * read. {@link #record} follows, whatever becomes of it.
   */
  public void begin(RequestRow row) {
    unwritten.put(row.id(), row);
  }

  /** What was begun is not recorded. */
  void forget(RequestRow row) {
    unwritten.remove(row.id());
  }

  /** Takes a row in; it reaches the database within a second. */
  public void record(RequestRow row) {
    if (closed || count.get() >= MOST) {
      lost.incrementAndGet();
      unwritten.remove(row.id());
      return;
    }
    count.incrementAndGet();
    unwritten.put(row.id(), row);
    waiting.add(row);
  }

  /** The row of an answer, also while it is under way or still in memory. */
  public Optional<RequestRow> find(String answerId) {
    var here = unwritten.get(answerId);
    if (here != null) {
      return Optional.of(here);
    }
    return jdbc.query("SELECT * FROM requests WHERE id = ?", RequestRows::read, answerId).stream()
        .findFirst();
  }

  void listen(Listener listener) {
    listeners.add(listener);
  }

  /** Runs while nothing is written. */
  void still(Runnable work) {
    writing.lock();
    try {
      work.run();
    } finally {
      writing.unlock();
    }
  }

  /** Rows that no database has and none will. */
  public long lost() {
    return lost.get();
  }

  public long written() {
    return written.get();
  }

  /** Rows that wait to be written. */
  public int waiting() {
    return count.get();
  }

  /** Writes what is there now. */
  public void flush() {
    writing.lock();
    try {
      var batch = new ArrayList<RequestRow>(BATCH);
      while (!waiting.isEmpty()) {
        take(batch);
        if (!write(batch)) {
          return;
        }
      }
    } finally {
      writing.unlock();
    }
  }

  /** Writes what is there, and takes nothing in any more. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    LockSupport.unpark(writer);
    flush();
    int left = count.get();
    if (left > 0) {
      lost.addAndGet(left);
      log.error("the request log lost {} rows: the database did not take them", left);
    }
  }

  private void writeOn() {
    while (!closed) {
      LockSupport.parkNanos(EVERY.toNanos());
      flush();
      still(this::tick);
    }
  }

  private void tick() {
    try {
      listeners.forEach(Listener::tick);
    } catch (RuntimeException e) { // a dead database: the next tick comes
      log.warn("the request log's table cannot be read: {}", e.toString());
    }
  }

  /** The oldest rows; they stay in the queue until they are written. */
  private void take(List<RequestRow> batch) {
    batch.clear();
    var rows = waiting.iterator();
    while (batch.size() < BATCH && rows.hasNext()) {
      batch.add(rows.next());
    }
  }

  private boolean write(List<RequestRow> batch) {
    try {
      insert(batch);
      done(batch);
      return true;
    } catch (DataIntegrityViolationException e) {
      return writeEach(batch);
    } catch (RuntimeException e) { // a dead database, a full disk: it is tried again
      if (!failing) {
        failing = true;
        log.error("the request log cannot be written; rows wait in memory", e);
      }
      return false;
    }
  }

  private boolean writeEach(List<RequestRow> batch) {
    try {
      oneByOne(batch);
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  /** A row that the table does not take is lost, and no other with it. */
  private void oneByOne(List<RequestRow> batch) {
    for (var row : batch) {
      try {
        insert(List.of(row));
      } catch (DuplicateKeyException e) {
        // Written before, by a batch whose commit was not acknowledged.
      } catch (DataIntegrityViolationException e) {
        lost.incrementAndGet();
        written.decrementAndGet();
        log.error("the request log does not take the row of {}", row.id(), e);
      }
      done(List.of(row));
    }
  }

  private void done(List<RequestRow> batch) {
    for (var row : batch) {
      waiting.poll();
      unwritten.remove(row.id());
    }
    count.addAndGet(-batch.size());
    written.addAndGet(batch.size());
    listeners.forEach(l -> l.written(batch));
    if (failing) {
      failing = false;
      log.info("the request log is written again");
    }
  }

  private void insert(List<RequestRow> batch) {
    transaction.executeWithoutResult(
        t -> {
          jdbc.batchUpdate(INSERT, batch, batch.size(), RequestLog::bind);
          var held = batch.stream().filter(r -> r.key() != null).toList();
          if (!held.isEmpty()) {
            jdbc.batchUpdate(
                "DELETE FROM request_holds WHERE id = ?",
                held,
                held.size(),
                (s, r) -> s.setString(1, r.id()));
          }
        });
  }

  private static void bind(PreparedStatement s, RequestRow r) throws SQLException {
    int i = 0;
    s.setString(++i, r.id());
    s.setObject(++i, OffsetDateTime.ofInstant(r.at(), ZoneOffset.UTC));
    s.setString(++i, clipped(r.asked(), 255));
    s.setString(++i, clipped(r.target(), 255));
    s.setString(++i, clipped(r.alias(), 64));
    s.setString(++i, clipped(r.version(), 255));
    s.setString(++i, clipped(r.run(), 64));
    s.setString(++i, clipped(r.dataset(), 255));
    s.setString(++i, clipped(r.base(), 255));
    s.setString(++i, clipped(r.experiment(), 64));
    s.setObject(++i, r.phase(), Types.INTEGER);
    s.setObject(++i, r.arm(), Types.INTEGER);
    s.setString(++i, clipped(r.subject(), 64));
    s.setBoolean(++i, r.streamed());
    s.setInt(++i, r.status());
    s.setString(++i, clipped(r.error(), 2000));
    s.setObject(++i, r.firstByteMs(), Types.DOUBLE);
    s.setDouble(++i, r.latencyMs());
    s.setObject(++i, r.promptTokens(), Types.INTEGER);
    s.setObject(++i, r.completionTokens(), Types.INTEGER);
    s.setObject(++i, r.cachedTokens(), Types.INTEGER);
    s.setBigDecimal(++i, r.cost());
    s.setString(++i, clipped(r.provider(), 64));
    s.setString(++i, clipped(r.key(), 64));
    s.setBigDecimal(++i, r.held());
  }

  /** PostgreSQL takes no NUL in a text. */
  static @Nullable String clipped(@Nullable String text, int most) {
    if (text == null) {
      return null;
    }
    var plain = text.indexOf('\0') < 0 ? text : text.replace('\0', ' ');
    return plain.length() <= most ? plain : plain.substring(0, most);
  }
}
