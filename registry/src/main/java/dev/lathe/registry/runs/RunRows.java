package dev.lathe.registry.runs;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowMapper;
import tools.jackson.databind.json.JsonMapper;

/** The table {@code runs}, row by row. */
final class RunRows {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String FOLD =
      "SELECT seq, journal_position, started_seq, ended_seq, ended_state, ended_error, step, steps,"
          + " tokens, label_tokens, seconds, loss, eval_loss, eval_loss_before, adapter_sha256,"
          + " inexact FROM runs WHERE id = ?";
  private static final RowMapper<RunFold> TO_FOLD = (rs, n) -> fold(rs);

  private final JdbcTemplate jdbc;

  RunRows(JdbcTemplate jdbc) {
    this.jdbc = jdbc;
  }

  @Nullable RunFold fold(String run) {
    return jdbc.query(FOLD, TO_FOLD, run).stream().findFirst().orElse(null);
  }

  /** The fold, and nobody else changes it before this transaction ends. */
  RunFold lockedFold(String run) {
    return jdbc.query(FOLD + " FOR UPDATE", TO_FOLD, run).stream()
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the registry knows no run " + run));
  }

  void insert(RunDescription run, RunFold fold, Instant now) {
    jdbc.update(
        "INSERT INTO runs (id, model, base, base_sha256, dataset, recipe, created_at, state, seq,"
            + " journal_position, started_seq, ended_seq, step, tokens, label_tokens, seconds,"
            + " inexact, updated_at, sweep)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, 0, 0, 0, FALSE, ?, ?)",
        run.id(),
        run.model(),
        run.base(),
        run.baseSha256(),
        run.dataset(),
        JSON.writeValueAsString(run.recipe()),
        time(run.createdAt()),
        RunState.QUEUED.word(),
        fold.position(),
        time(now),
        run.sweep());
  }

  void write(String run, RunFold f, Instant now) {
    var state = f.endedState();
    jdbc.update(
        "UPDATE runs SET seq = ?, journal_position = ?, started_seq = ?, ended_seq = ?,"
            + " ended_state = ?, ended_error = ?, step = ?, steps = ?, tokens = ?,"
            + " label_tokens = ?, seconds = ?, loss = ?, eval_loss = ?, eval_loss_before = ?,"
            + " adapter_sha256 = ?, inexact = ?, updated_at = ? WHERE id = ?",
        f.seq(),
        f.position(),
        f.startedSeq(),
        f.endedSeq(),
        state == null ? null : state.word(),
        storable(f.endedError()),
        f.step(),
        f.steps(),
        f.tokens(),
        f.labelTokens(),
        f.seconds(),
        f.loss(),
        f.evalLoss(),
        f.evalLossBefore(),
        f.adapterSha256(),
        f.inexact(),
        time(now),
        run);
  }

  /** PostgreSQL's text holds no NUL, which the output of a process that died may. */
  static @Nullable String storable(@Nullable String text) {
    return text == null ? null : text.replace('\0', '\uFFFD');
  }

  static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  private static RunFold fold(ResultSet rs) throws SQLException {
    var state = rs.getString("ended_state");
    return new RunFold(
        rs.getLong("seq"),
        rs.getString("journal_position"),
        rs.getLong("started_seq"),
        rs.getLong("ended_seq"),
        state == null ? null : RunState.of(state),
        rs.getString("ended_error"),
        rs.getLong("step"),
        rs.getObject("steps", Long.class),
        rs.getLong("tokens"),
        rs.getLong("label_tokens"),
        rs.getDouble("seconds"),
        rs.getObject("loss", Double.class),
        rs.getObject("eval_loss", Double.class),
        rs.getObject("eval_loss_before", Double.class),
        rs.getString("adapter_sha256"),
        rs.getBoolean("inexact"));
  }
}
