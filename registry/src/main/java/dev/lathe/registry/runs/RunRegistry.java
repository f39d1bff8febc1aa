package dev.lathe.registry.runs;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Asks what is known of runs. Reads only; {@link RunImport} writes. */
public final class RunRegistry {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

  private static final int MOST_SAMPLES = 200;

  private static final String RUNS =
      "SELECT r.*, v.name AS version_name, v.number AS version_number"
          + " FROM runs r LEFT JOIN model_versions v ON v.run_id = r.id";

  private final JdbcClient jdbc;

  public RunRegistry(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** All ids, oldest first. */
  public List<String> ids() {
    return jdbc.sql("SELECT id FROM runs ORDER BY created_at, id").query(String.class).list();
  }

  /** All runs, newest first, without their checkpoints. */
  public List<RunView> list() {
    return jdbc.sql(RUNS + " ORDER BY r.created_at DESC, r.id DESC")
        .query((rs, n) -> view(rs, List.of()))
        .list();
  }

  /** One run with every checkpoint it wrote, oldest first, and its last rewards. */
  public Optional<RunView> show(String id) {
    return jdbc.sql(RUNS + " WHERE r.id = ?")
        .param(id)
        .query((rs, n) -> view(rs, List.of()))
        .optional() // asked one after the other: a query within one would hold two connections
        .map(
            run -> {
              var events = events(id, 0);
              return run.withCheckpoints(checkpoints(events))
                  .with(estimate(events), samples(events), figures(id));
            });
  }

  /** The names of a run's curves. */
  public List<String> curves(String id) {
    return jdbc.sql("SELECT DISTINCT name FROM run_metrics WHERE run_id = ? ORDER BY name")
        .param(id)
        .query(String.class)
        .list();
  }

  /**
   * A curve by step: all of it when it has at most {@code most} points, otherwise the lowest and
   * the highest of each bucket of neighbours.
   */
  public List<Point> series(String id, String name, int most) {
    long points =
        jdbc.sql("SELECT COUNT(*) FROM run_metrics WHERE run_id = ? AND name = ?")
            .params(id, name)
            .query(Long.class)
            .single();
    return buckets(id, name, points, most).points();
  }

  private Buckets buckets(String id, String name, long points, int most) {
    var buckets = new Buckets(points, most);
    RowCallbackHandler take = rs -> buckets.take(new Point(rs.getLong(1), rs.getDouble(2)));
    jdbc.sql("SELECT step, reading FROM run_metrics WHERE run_id = ? AND name = ? ORDER BY step")
        .params(id, name)
        .query(take);
    return buckets;
  }

  /**
   * Several curves of a run at once, each thinned to about {@code most} points; a name that the run
   * has no curve of is left out.
   */
  public Map<String, Curve> thinned(String id, List<String> names, int most) {
    var counts = new HashMap<String, Long>();
    RowCallbackHandler count = rs -> counts.put(rs.getString(1), rs.getLong(2));
    jdbc.sql(
            "SELECT name, COUNT(*) FROM run_metrics WHERE run_id = :run AND name IN (:names)"
                + " GROUP BY name")
        .param("run", id)
        .param("names", names)
        .query(count);
    var curves = new LinkedHashMap<String, Curve>();
    for (var name : names) {
      if (counts.containsKey(name)) {
        curves.put(name, buckets(id, name, counts.getOrDefault(name, 0L), most).curve());
      }
    }
    return curves;
  }

  /**
   * The token accuracy of each of these runs in the evaluation that {@code evalLoss} is of; a run
   * without one is left out.
   */
  public Map<String, Double> tokenAccuracies(List<String> ids) {
    var accuracies = new HashMap<String, Double>();
    if (ids.isEmpty()) {
      return accuracies;
    }
    RowCallbackHandler take = rs -> accuracies.put(rs.getString(1), rs.getDouble(2));
    jdbc.sql(
            "SELECT a.run_id, a.reading FROM run_metrics a"
                + " JOIN run_metrics l ON l.run_id = a.run_id AND l.step = a.step"
                + " AND l.name = 'evalLoss'"
                + " JOIN runs r ON r.id = a.run_id AND r.eval_loss = l.reading"
                + " WHERE a.name = 'evalTokenAccuracy' AND a.run_id IN (:runs) AND a.step > 0"
                + " ORDER BY a.step")
        .param("runs", ids)
        .query(take);
    return accuracies;
  }

  /** Why the last attempt at a run failed, in its journal's word; empty when it does not say. */
  public Optional<String> cause(String id) {
    return events(id, 0).reversed().stream()
        .filter(e -> e.type().equals("ended"))
        .findFirst()
        .flatMap(e -> Optional.ofNullable(e.fields().get("cause")))
        .map(String::valueOf);
  }

  /** The runs written down since a moment, in no order. What {@link #list} says of them. */
  public List<RunView> changedSince(Instant since) {
    return jdbc.sql(RUNS + " WHERE r.updated_at >= ?")
        .param(RunRows.time(since))
        .query((rs, n) -> view(rs, List.of()))
        .list();
  }

  /** A run's events behind a sequence number, in order. */
  public List<RunEvent> events(String id, long afterSeq) {
    return jdbc.sql(
            "SELECT seq, at, type, fields FROM run_events WHERE run_id = ? AND seq > ?"
                + " ORDER BY seq")
        .params(id, afterSeq)
        .query(
            (rs, n) ->
                new RunEvent(
                    rs.getLong("seq"),
                    rs.getObject("at", OffsetDateTime.class).toInstant(),
                    rs.getString("type"),
                    JSON.readValue(rs.getString("fields"), OBJECT)))
        .list();
  }

  /** The last one told: a resumed run tells of what was left of it. */
  private static @Nullable Map<String, Object> estimate(List<RunEvent> events) {
    return events.stream()
        .filter(e -> e.type().equals("estimate"))
        .map(RunEvent::fields)
        .reduce((first, second) -> second)
        .orElse(null);
  }

  /** One of a prompt and a step, the newest: a resumed run answers again. */
  private static List<RunView.SampleView> samples(List<RunEvent> events) {
    var byPlace = new TreeMap<Long, Map<String, RunView.SampleView>>();
    for (var event : events) {
      if (event.type().equals("sample") && event.fields().get("step") instanceof Number step) {
        var prompt = String.valueOf(event.fields().get("prompt"));
        byPlace
            .computeIfAbsent(step.longValue(), s -> new LinkedHashMap<>())
            .put(
                prompt,
                new RunView.SampleView(
                    step.longValue(), prompt, String.valueOf(event.fields().get("answer"))));
      }
    }
    var all = byPlace.values().stream().flatMap(m -> m.values().stream()).toList();
    return all.subList(Math.max(0, all.size() - MOST_SAMPLES), all.size());
  }

  /**
   * The last reading of every curve of rewards, of training and of validation, and of every part of
   * a mixture its last validation loss.
   */
  private Map<String, Double> figures(String id) {
    var last = new TreeMap<String, Double>();
    RowCallbackHandler take = rs -> last.put(rs.getString(1), rs.getDouble(2));
    jdbc.sql(
            "SELECT m.name, m.reading FROM run_metrics m JOIN (SELECT name, MAX(step) AS step"
                + " FROM run_metrics WHERE run_id = :run AND (name LIKE 'rewards/%' OR name LIKE"
                + " 'evalRewards/%' OR name LIKE 'evalLoss/%') GROUP BY name) l ON m.name = l.name AND m.step = l.step"
                + " WHERE m.run_id = :run")
        .param("run", id)
        .query(take);
    return last;
  }

  private static List<RunView.CheckpointView> checkpoints(List<RunEvent> events) {
    var byStep = new TreeMap<Long, RunView.CheckpointView>();
    for (var event : events) {
      if (event.type().equals("checkpoint")
          && event.fields().get("step") instanceof Number step
          && event.fields().get("bytes") instanceof Number bytes) {
        byStep.put(
            step.longValue(), new RunView.CheckpointView(step.longValue(), bytes.longValue()));
      }
    }
    return List.copyOf(byStep.values());
  }

  private static RunView view(ResultSet rs, List<RunView.CheckpointView> checkpoints)
      throws SQLException {
    double seconds = rs.getDouble("seconds");
    long tokens = rs.getLong("tokens");
    return new RunView(
        rs.getString("id"),
        RunState.of(rs.getString("state")),
        rs.getString("base"),
        rs.getString("dataset"),
        rs.getString("model"),
        rs.getLong("step"),
        rs.getObject("steps", Long.class),
        tokens,
        rs.getLong("label_tokens"),
        seconds,
        seconds > 0 ? rounded(tokens / seconds) : null,
        rs.getObject("loss", Double.class),
        rs.getObject("eval_loss", Double.class),
        rs.getObject("eval_loss_before", Double.class),
        rs.getObject("peak_rss_mib", Long.class),
        checkpoints,
        version(rs),
        rs.getString("error"),
        rs.getString("adapter_sha256"),
        !rs.getBoolean("inexact"),
        rs.getObject("created_at", OffsetDateTime.class).toInstant(),
        rs.getString("sweep"),
        JSON.readValue(rs.getString("recipe"), OBJECT),
        null,
        List.of(),
        Map.of());
  }

  private static @Nullable String version(ResultSet rs) throws SQLException {
    var name = rs.getString("version_name");
    return name == null ? null : name + "@" + rs.getInt("version_number");
  }

  private static @Nullable Double rounded(double value) {
    return Math.round(value * 10) / 10.0;
  }
}
