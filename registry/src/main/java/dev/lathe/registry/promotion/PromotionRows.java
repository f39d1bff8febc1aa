package dev.lathe.registry.promotion;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The tables {@code promotions}, to which rows are only added, and {@code aliases}. */
final class PromotionRows {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<List<GateResult>> GATES = new TypeReference<>() {};
  private static final String STANDINGS =
      "SELECT name, alias, number, changes, guarded FROM aliases";

  private final JdbcClient jdbc;

  PromotionRows(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * An alias.
   *
   * @param number null before the first promotion
   */
  record Standing(
      String name, String alias, @Nullable Integer number, long changes, boolean guarded) {}

  /**
   * Locks the model, so that changes of its aliases follow one another; false when there is none.
   */
  boolean lock(String name) {
    return jdbc.sql("SELECT name FROM models WHERE name = ? FOR UPDATE")
        .param(name)
        .query(String.class)
        .optional()
        .isPresent();
  }

  List<Standing> standings() {
    return jdbc.sql(STANDINGS).query((rs, n) -> standing(rs)).list();
  }

  List<Standing> standings(String name) {
    return jdbc.sql(STANDINGS + " WHERE name = ? ORDER BY alias")
        .param(name)
        .query((rs, n) -> standing(rs))
        .list();
  }

  Standing standing(String name, String alias) {
    return jdbc.sql(STANDINGS + " WHERE name = ? AND alias = ?")
        .params(name, alias)
        .query((rs, n) -> standing(rs))
        .optional()
        .orElse(new Standing(name, alias, null, 0, false));
  }

  /** Call it with the model locked. */
  void write(Standing s) {
    int updated =
        jdbc.sql(
                "UPDATE aliases SET number = ?, changes = ?, guarded = ?"
                    + " WHERE name = ? AND alias = ?")
            .param(s.number())
            .param(s.changes())
            .param(s.guarded())
            .param(s.name())
            .param(s.alias())
            .update();
    if (updated == 0) {
      jdbc.sql("INSERT INTO aliases (name, alias, number, changes, guarded) VALUES (?, ?, ?, ?, ?)")
          .param(s.name())
          .param(s.alias())
          .param(s.number())
          .param(s.changes())
          .param(s.guarded())
          .update();
    }
  }

  void insert(Promotion p) {
    jdbc.sql(
            "INSERT INTO promotions (name, alias, change, number, previous, kind, forced,"
                + " decided_by, reason, gates, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .param(p.name())
        .param(p.alias())
        .param(p.change())
        .param(p.number())
        .param(p.previousNumber())
        .param(p.kind().word())
        .param(p.forced())
        .param(p.by())
        .param(p.reason())
        .param(JSON.writeValueAsString(p.gates()))
        .param(time(p.at()))
        .update();
  }

  /** An alias's whole history, oldest first. */
  List<Promotion> history(String name, String alias) {
    return after(name, alias, 0);
  }

  /** An alias's promotions behind one of them, oldest first. */
  List<Promotion> after(String name, String alias, long change) {
    return jdbc.sql(
            "SELECT * FROM promotions WHERE name = ? AND alias = ? AND change > ? ORDER BY change")
        .params(name, alias, change)
        .query((rs, n) -> promotion(rs))
        .list();
  }

  Optional<Promotion> change(String name, String alias, long change) {
    return jdbc.sql("SELECT * FROM promotions WHERE name = ? AND alias = ? AND change = ?")
        .params(name, alias, change)
        .query((rs, n) -> promotion(rs))
        .optional();
  }

  /** All of a model's promotions, newest first. */
  List<Promotion> newestFirst(String name) {
    return jdbc.sql("SELECT * FROM promotions WHERE name = ? ORDER BY at DESC, alias, change DESC")
        .param(name)
        .query((rs, n) -> promotion(rs))
        .list();
  }

  /** The promotion in force at a time. */
  Optional<Promotion> at(String name, String alias, Instant time) {
    return jdbc.sql(
            "SELECT * FROM promotions WHERE name = ? AND alias = ? AND at <= ?"
                + " ORDER BY change DESC FETCH FIRST 1 ROWS ONLY")
        .params(name, alias, time(time))
        .query((rs, n) -> promotion(rs))
        .optional();
  }

  private static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  private static Standing standing(ResultSet rs) throws SQLException {
    return new Standing(
        rs.getString("name"),
        rs.getString("alias"),
        rs.getObject("number", Integer.class),
        rs.getLong("changes"),
        rs.getBoolean("guarded"));
  }

  private static Promotion promotion(ResultSet rs) throws SQLException {
    var name = rs.getString("name");
    var previous = rs.getObject("previous", Integer.class);
    return new Promotion(
        name + "@" + rs.getInt("number"),
        rs.getString("alias"),
        previous == null ? null : name + "@" + previous,
        rs.getString("decided_by"),
        rs.getString("reason"),
        JSON.readValue(rs.getString("gates"), GATES),
        rs.getObject("at", OffsetDateTime.class).toInstant(),
        Promotion.Kind.of(rs.getString("kind")),
        rs.getBoolean("forced"),
        rs.getLong("change"));
  }
}
