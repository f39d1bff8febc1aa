package dev.lathe.serving.experiments;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The tables {@code experiments}, as things stand, and {@code experiment_phases}, append-only. */
final class ExperimentTable {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<List<Arm>> ARMS = new TypeReference<>() {};

  private final JdbcClient jdbc;
  private final TransactionTemplate transaction;

  ExperimentTable(JdbcClient jdbc, PlatformTransactionManager transactions) {
    this.jdbc = jdbc;
    this.transaction = new TransactionTemplate(transactions);
  }

  /** All, newest first. */
  List<Experiment> all() {
    return jdbc.sql("SELECT * FROM experiments ORDER BY started_at DESC, id")
        .query((rs, n) -> experiment(rs))
        .list();
  }

  List<Phase> phases(String id) {
    return jdbc.sql(
            "SELECT phase, arms, started_at FROM experiment_phases WHERE experiment = ?"
                + " ORDER BY phase")
        .param(id)
        .query(
            (rs, n) ->
                new Phase(
                    rs.getInt("phase"),
                    JSON.readValue(rs.getString("arms"), ARMS),
                    instant(rs, "started_at")))
        .list();
  }

  /** False when the id is taken; nothing is written then. */
  boolean insert(Experiment e) {
    try {
      transaction.executeWithoutResult(
          status -> {
            jdbc.sql(
                    "INSERT INTO experiments (id, state, phase, arms, started_at)"
                        + " VALUES (?, ?, ?, ?, ?)")
                .params(e.id(), e.state().word(), e.phase(), arms(e), time(e.startedAt()))
                .update();
            insertPhase(e, e.startedAt());
          });
      return true;
    } catch (DuplicateKeyException taken) {
      return false;
    }
  }

  /** False when it is no longer as {@code from} has it; nothing is written then. */
  boolean replace(Experiment from, Experiment to, Instant now) {
    return Boolean.TRUE.equals(
        transaction.execute(
            status -> {
              var ended = to.endedAt();
              int rows =
                  jdbc.sql(
                          "UPDATE experiments SET state = ?, phase = ?, arms = ?, ended_at = ?"
                              + " WHERE id = ? AND state = ? AND phase = ?")
                      .params(
                          Arrays.asList(
                              to.state().word(),
                              to.phase(),
                              arms(to),
                              ended == null ? null : time(ended),
                              from.id(),
                              from.state().word(),
                              from.phase()))
                      .update();
              if (rows == 1 && to.phase() != from.phase()) {
                insertPhase(to, now);
              }
              return rows == 1;
            }));
  }

  private void insertPhase(Experiment e, Instant at) {
    jdbc.sql(
            "INSERT INTO experiment_phases (experiment, phase, arms, started_at)"
                + " VALUES (?, ?, ?, ?)")
        .params(e.id(), e.phase(), arms(e), time(at))
        .update();
  }

  private static Experiment experiment(ResultSet rs) throws SQLException {
    var ended = rs.getObject("ended_at", OffsetDateTime.class);
    return new Experiment(
        rs.getString("id"),
        ExperimentState.of(rs.getString("state")),
        rs.getInt("phase"),
        JSON.readValue(rs.getString("arms"), ARMS),
        instant(rs, "started_at"),
        ended == null ? null : ended.toInstant());
  }

  private static Instant instant(ResultSet rs, String column) throws SQLException {
    return rs.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static String arms(Experiment e) {
    return JSON.writeValueAsString(e.arms());
  }

  static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
