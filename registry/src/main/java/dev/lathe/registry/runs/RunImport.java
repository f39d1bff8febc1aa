package dev.lathe.registry.runs;

import java.sql.Types;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/**
 * Brings journals into the registry. Idempotent by (run, sequence): a batch and the position behind
 * it are committed together, and a record that is in already changes nothing.
 */
public final class RunImport {
  /** Of a step record, what is not a curve of its own. */
  private static final Set<String> NO_CURVE = Set.of("step", "steps");

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final JdbcTemplate jdbc;
  private final TransactionTemplate transaction;
  private final RunRows rows;
  private final Clock clock;

  public RunImport(JdbcTemplate jdbc, PlatformTransactionManager transactions, Clock clock) {
    this.jdbc = jdbc;
    this.transaction = new TransactionTemplate(transactions);
    this.rows = new RunRows(jdbc);
    this.clock = clock;
  }

  /** Makes the run known, queued and with nothing imported, unless it is known. */
  public void describe(RunDescription run, String startPosition) {
    transaction.executeWithoutResult(
        status -> {
          if (rows.fold(run.id()) == null) {
            rows.insert(run, RunFold.start(startPosition), clock.instant());
          }
        });
  }

  /** What is imported of a run; null when the run is not known. */
  public @Nullable RunFold imported(String run) {
    return rows.fold(run);
  }

  /**
   * Takes the next records of a run's journal, in order.
   *
   * @param position behind the last of them, in the reader's words
   * @return what is imported of the run now
   * @throws IllegalArgumentException when the run is not known
   */
  public RunFold take(String run, List<RunRecord> records, String position) {
    return Objects.requireNonNull(
        transaction.execute(
            status -> {
              var before = rows.lockedFold(run);
              var fresh = records.stream().filter(r -> r.seq() > before.seq()).toList();
              if (fresh.isEmpty()) {
                return before;
              }
              var after = before.with(fresh, position);
              writeMetrics(run, fresh, before.step());
              writeEvents(run, fresh);
              rows.write(run, after, clock.instant());
              return after;
            }));
  }

  /** Forgets what was imported of a run, because its journal is no longer the one that was read. */
  public void forget(String run, String startPosition) {
    transaction.executeWithoutResult(
        status -> {
          jdbc.update("DELETE FROM run_metrics WHERE run_id = ?", run);
          jdbc.update("DELETE FROM run_events WHERE run_id = ?", run);
          rows.write(run, RunFold.start(startPosition), clock.instant());
        });
  }

  /** Writes down where the run stands, as its supervisor sees it. */
  public void observe(
      String run, RunState state, @Nullable String error, @Nullable Long peakRssMiB) {
    jdbc.update(
        "UPDATE runs SET state = ?, error = ?, peak_rss_mib = ?, updated_at = ? WHERE id = ?",
        ps -> {
          ps.setString(1, state.word());
          ps.setString(2, RunRows.storable(error));
          if (peakRssMiB == null) {
            ps.setNull(3, Types.BIGINT);
          } else {
            ps.setLong(3, peakRssMiB);
          }
          ps.setObject(4, RunRows.time(clock.instant()));
          ps.setString(5, run);
        });
  }

  private record Key(String name, long step) {}

  private record Reading(long seq, double value) {}

  /**
   * A resumed run starts behind its checkpoint: the steps it takes back are taken back here. So no
   * reading lies behind {@code known}, and only up to there is there one to replace.
   */
  private void writeMetrics(String run, List<RunRecord> records, long known) {
    var readings = new LinkedHashMap<Key, Reading>();
    for (var record : records) {
      switch (record.type()) {
        case "started" -> {
          long from = record.whole("fromStep", 0);
          readings.keySet().removeIf(k -> k.step() > from);
          jdbc.update("DELETE FROM run_metrics WHERE run_id = ? AND step > ?", run, from);
        }
        case "step" -> add(readings, record, "");
        case "eval" -> add(readings, record, "eval");
        default -> {
          // no numbers a step
        }
      }
    }
    if (readings.isEmpty()) {
      return;
    }
    var batch = new ArrayList<>(readings.entrySet());
    var replaced = batch.stream().filter(e -> e.getKey().step() <= known).toList();
    jdbc.batchUpdate(
        "DELETE FROM run_metrics WHERE run_id = ? AND name = ? AND step = ?",
        replaced,
        Math.max(1, replaced.size()),
        (ps, e) -> {
          ps.setString(1, run);
          ps.setString(2, e.getKey().name());
          ps.setLong(3, e.getKey().step());
        });
    jdbc.batchUpdate(
        "INSERT INTO run_metrics (run_id, name, step, seq, reading) VALUES (?, ?, ?, ?, ?)",
        batch,
        batch.size(),
        (ps, e) -> {
          ps.setString(1, run);
          ps.setString(2, e.getKey().name());
          ps.setLong(3, e.getKey().step());
          ps.setLong(4, e.getValue().seq());
          ps.setDouble(5, e.getValue().value());
        });
  }

  private static void add(Map<Key, Reading> readings, RunRecord record, String prefix) {
    long step = record.whole("step", 0);
    record
        .fields()
        .forEach(
            (field, value) -> {
              var number = RunRecord.toNumber(value);
              if (number != null && !NO_CURVE.contains(field)) {
                readings.put(
                    new Key(curve(prefix, field), step), new Reading(record.seq(), number));
              }
            });
  }

  /** loss of an eval record is evalLoss, and so on. */
  private static String curve(String prefix, String field) {
    return prefix.isEmpty()
        ? field
        : prefix + Character.toUpperCase(field.charAt(0)) + field.substring(1);
  }

  private void writeEvents(String run, List<RunRecord> records) {
    var events =
        records.stream().filter(r -> !r.type().equals("step") && !r.type().equals("eval")).toList();
    if (events.isEmpty()) {
      return;
    }
    jdbc.batchUpdate(
        "INSERT INTO run_events (run_id, seq, at, type, step, fields) VALUES (?, ?, ?, ?, ?, ?)",
        events,
        events.size(),
        (ps, r) -> {
          ps.setString(1, run);
          ps.setLong(2, r.seq());
          ps.setObject(3, RunRows.time(r.at()));
          ps.setString(4, r.type());
          long step = r.whole("step", -1);
          if (step < 0) {
            ps.setNull(5, Types.BIGINT);
          } else {
            ps.setLong(5, step);
          }
          ps.setString(6, JSON.writeValueAsString(r.fields()));
        });
  }
}
