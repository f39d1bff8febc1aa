package dev.lathe.serving.experiments;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Reads from the tables {@code requests} and {@code feedback} what became of the arms. */
final class Outcomes {
  private static final String ANSWERED = "(status < 400 AND error IS NULL)";

  /** Clients who left (499) are no fault of the arm. */
  private static final String FAILED =
      "(status >= 400 AND status <> 499 OR status < 400 AND error IS NOT NULL)";

  private static final String EXPOSURES =
      "SELECT arm, COUNT(DISTINCT subject) AS subjects, COUNT(*) AS exposures,"
          + " SUM(CASE WHEN "
          + FAILED
          + " THEN 1 ELSE 0 END) AS errors, SUM(CASE WHEN "
          + ANSWERED
          + " THEN 1 ELSE 0 END) AS answered,"
          + " PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE "
          + ANSWERED
          + ") AS p50,"
          + " PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE "
          + ANSWERED
          + ") AS p95,"
          + " SUM(CASE WHEN "
          + ANSWERED
          + " THEN cost END) AS cost,"
          + " SUM(CASE WHEN "
          + ANSWERED
          + " AND cost IS NULL THEN 1 ELSE 0 END) AS costless"
          + " FROM requests WHERE experiment = ? AND phase = ?";

  /** The last word on each answer, averaged by subject, in the order of their first words. */
  private static final String RATERS =
      "SELECT arm, who, AVG(reward) AS mean, COUNT(*) AS answers, MIN(since) AS first_word FROM ("
          + "SELECT arm, COALESCE(subject, request_id) AS who, reward,"
          + " MIN(at) OVER (PARTITION BY arm, COALESCE(subject, request_id)) AS since,"
          + " ROW_NUMBER() OVER (PARTITION BY request_id ORDER BY at DESC, id DESC) AS newest"
          + " FROM feedback WHERE experiment = ? AND phase = ?) said"
          + " WHERE newest = 1 GROUP BY arm, who ORDER BY first_word, who, arm";

  private final JdbcClient jdbc;

  Outcomes(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * @param arms one an arm, in their order
   * @param raters in the order in which they first spoke
   */
  record Read(List<ArmExposures> arms, List<Rater> raters) {}

  Read of(Experiment experiment, Phase phase) {
    int count = phase.arms().size();
    var arms = new ArrayList<>(Collections.nCopies(count, ArmExposures.NONE));
    RowCallbackHandler take =
        rs -> {
          int arm = rs.getInt("arm");
          if (arm >= 0 && arm < count) {
            arms.set(arm, exposures(rs));
          }
        };
    var ended = experiment.endedAt();
    if (ended == null) {
      jdbc.sql(EXPOSURES + " GROUP BY arm").params(experiment.id(), phase.number()).query(take);
    } else {
      jdbc.sql(EXPOSURES + " AND at <= ? GROUP BY arm")
          .params(experiment.id(), phase.number(), ExperimentTable.time(ended))
          .query(take);
    }
    var raters =
        jdbc
            .sql(RATERS)
            .params(experiment.id(), phase.number())
            .query(
                (rs, n) -> new Rater(rs.getInt("arm"), rs.getDouble("mean"), rs.getLong("answers")))
            .list()
            .stream()
            .filter(r -> r.arm() >= 0 && r.arm() < count)
            .toList();
    return new Read(arms, raters);
  }

  private static ArmExposures exposures(ResultSet rs) throws SQLException {
    boolean priced = rs.getLong("costless") == 0 && rs.getLong("answered") > 0;
    return new ArmExposures(
        rs.getLong("subjects"),
        rs.getLong("exposures"),
        rs.getLong("errors"),
        rs.getObject("p50", Double.class),
        rs.getObject("p95", Double.class),
        priced ? Double.valueOf(rs.getBigDecimal("cost").doubleValue()) : null);
  }
}
