package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.accounting.RequestRow;
import dev.lathe.serving.experiments.Experiment;
import dev.lathe.serving.experiments.ExperimentState;
import dev.lathe.serving.experiments.Experiments;
import dev.lathe.serving.experiments.TargetNames;
import dev.lathe.serving.feedback.AnsweredRequest;
import dev.lathe.serving.feedback.Feedback;
import dev.lathe.serving.routing.Assignments;
import dev.lathe.serving.routing.Targets;
import dev.lathe.serving.wire.WireError;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** What compares targets, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class ExperimentParts {
  @Bean(destroyMethod = "close")
  Experiments experiments(
      Home home,
      JdbcClient jdbc,
      PlatformTransactionManager transactions,
      ObjectProvider<Targets> router,
      ModelRegistry models) {
    var names = new RoutedNames(new BaseStore(home.bases()), router, models);
    return new Experiments(jdbc, transactions, names, Clock.systemUTC());
  }

  @Bean
  Feedback feedback(JdbcClient jdbc, RequestLog log, Experiments experiments) {
    return new Feedback(
        jdbc, id -> log.find(id).map(row -> answered(row, experiments)), Clock.systemUTC());
  }

  /** Experiments as the router asks for them. */
  @Bean
  Assignments assignments(Experiments experiments) {
    return new Assignments() {
      @Override
      public Optional<Assignment> assign(String name, String subject) {
        return experiments
            .assign(name, subject)
            .map(a -> new Assignment(a.experiment(), a.phase(), a.arm(), a.target()));
      }

      @Override
      public List<String> names() {
        return experiments.list().stream()
            .filter(e -> e.state() == ExperimentState.RUNNING)
            .map(Experiment::id)
            .toList();
      }
    };
  }

  /** The router asks experiments and they ask it, so each finds the other when it needs it. */
  private record RoutedNames(BaseStore bases, ObjectProvider<Targets> router, ModelRegistry models)
      implements TargetNames {
    @Override
    public void require(String target) {
      if (target.indexOf(':') < 0 && target.indexOf('@') < 0 && bases.find(target).isPresent()) {
        return;
      }
      try {
        router.getObject().target(target);
      } catch (WireError e) {
        if (!"model_not_found".equals(e.code())) {
          throw new BadInput(
              "the target cannot be asked now", target, String.valueOf(e.getMessage()), e);
        }
        var known = new TreeSet<>(router.getObject().names());
        bases.list().forEach(b -> known.add(b.name()));
        throw new BadInput(
            "nothing answers under this name", target, DidYouMean.remedy(target, known), e);
      }
    }

    @Override
    public Optional<String> bearer(String name) {
      if (models.names().contains(name)) {
        return Optional.of("a model");
      }
      return bases.find(name).map(base -> "a base");
    }
  }

  private static AnsweredRequest answered(RequestRow row, Experiments experiments) {
    var experiment = row.experiment();
    return experiment == null || !experiments.counts(experiment, row.at())
        ? new AnsweredRequest(row.target(), null, null, null, row.subject())
        : new AnsweredRequest(row.target(), experiment, row.phase(), row.arm(), row.subject());
  }
}
