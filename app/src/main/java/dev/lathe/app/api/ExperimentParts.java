package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.serving.experiments.Experiments;
import dev.lathe.serving.experiments.Targets;
import dev.lathe.serving.feedback.AnsweredRequest;
import dev.lathe.serving.feedback.Feedback;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** What compares targets, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class ExperimentParts {
  @Bean(destroyMethod = "close")
  Experiments experiments(Home home, JdbcClient jdbc, PlatformTransactionManager transactions) {
    return new Experiments(
        jdbc, transactions, new BasesAsTargets(new BaseStore(home.bases())), Clock.systemUTC());
  }

  @Bean
  Feedback feedback(JdbcClient jdbc, Experiments experiments) {
    return new Feedback(jdbc, id -> answered(jdbc, experiments, id), Clock.systemUTC());
  }

  private record BasesAsTargets(BaseStore bases) implements Targets {
    @Override
    public void require(String target) {
      bases.require(target);
    }

    @Override
    public Optional<String> bearer(String name) {
      return bases.find(name).map(base -> "a base");
    }
  }

  private static Optional<AnsweredRequest> answered(
      JdbcClient jdbc, Experiments experiments, String id) {
    return jdbc.sql("SELECT * FROM requests WHERE id = ?")
        .param(id)
        .query((rs, n) -> answered(rs, experiments))
        .optional();
  }

  private static AnsweredRequest answered(ResultSet rs, Experiments experiments)
      throws SQLException {
    var target = rs.getString("target");
    var subject = rs.getString("subject");
    var experiment = rs.getString("experiment");
    var at = rs.getObject("at", OffsetDateTime.class).toInstant();
    if (experiment == null || !experiments.counts(experiment, at)) {
      return new AnsweredRequest(target, null, null, null, subject);
    }
    return new AnsweredRequest(target, experiment, rs.getInt("phase"), rs.getInt("arm"), subject);
  }
}
