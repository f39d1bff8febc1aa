package dev.lathe.registry.audit;

import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The append-only log of changes. An entry is written in the transaction of what it tells. */
public final class AuditLog {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

  private final JdbcClient jdbc;
  private final Clock clock;

  public AuditLog(JdbcClient jdbc, Clock clock) {
    this.jdbc = jdbc;
    this.clock = clock;
  }

  /**
   * One change.
   *
   * @param action what was done: register, promote, rollback, refuse, protect, unprotect, tag
   * @param subject what it was done to: {@code support@3}, {@code support@champion}
   */
  public record Entry(
      long seq,
      Instant at,
      String by,
      String action,
      String model,
      String subject,
      Map<String, Object> details) {}

  /** Adds an entry to the current transaction. */
  public void add(String by, String action, String model, String subject, Map<String, ?> details) {
    jdbc.sql(
            "INSERT INTO audit (at, actor, action, model, subject, details)"
                + " VALUES (?, ?, ?, ?, ?, ?)")
        .params(
            OffsetDateTime.ofInstant(clock.instant(), ZoneOffset.UTC),
            by,
            action,
            model,
            subject,
            JSON.writeValueAsString(details))
        .update();
  }

  /**
   * The newest entries, newest first.
   *
   * @param model only what was done to this model and its versions; null for everything
   */
  public List<Entry> newest(@Nullable String model, int most) {
    var where = model == null ? "" : " WHERE model = :model";
    var query =
        jdbc.sql(
                "SELECT seq, at, actor, action, model, subject, details FROM audit"
                    + where
                    + " ORDER BY seq DESC FETCH FIRST :most ROWS ONLY")
            .param("most", most);
    if (model != null) {
      query = query.param("model", model);
    }
    return query
        .query(
            (rs, n) ->
                new Entry(
                    rs.getLong("seq"),
                    rs.getObject("at", OffsetDateTime.class).toInstant(),
                    rs.getString("actor"),
                    rs.getString("action"),
                    rs.getString("model"),
                    rs.getString("subject"),
                    JSON.readValue(rs.getString("details"), OBJECT)))
        .list();
  }
}
