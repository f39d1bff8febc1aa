package dev.lathe.app.router;

import dev.lathe.serving.accounting.Holds;
import dev.lathe.serving.accounting.Keyring;
import dev.lathe.serving.accounting.Ledger;
import dev.lathe.serving.accounting.Prices;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.routing.Assignments;
import dev.lathe.serving.routing.Candidates;
import dev.lathe.serving.routing.LocalTargets;
import dev.lathe.serving.routing.Planning;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.routing.Switches;
import dev.lathe.serving.routing.Targets;
import dev.lathe.serving.routing.cache.AnswerCache;
import dev.lathe.serving.routing.cache.CacheSettings;
import dev.lathe.serving.routing.health.BreakerSettings;
import dev.lathe.serving.routing.health.Health;
import dev.lathe.serving.routing.tasks.RuleClassifier;
import dev.lathe.serving.settings.LatheYaml;
import java.time.Clock;
import java.util.List;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** Routers without a configuration. */
final class Routers {
  private Routers() {}

  /** Free for everybody. */
  static Ledger ledger(
      RequestLog log, DataSource database, PlatformTransactionManager transactions) {
    return new Ledger(
        log,
        Prices.of(LatheYaml.defaults()),
        new Keyring(List.of()),
        new Holds(JdbcClient.create(database), transactions),
        Clock.systemUTC(),
        null,
        List.of());
  }

  static Router router(LocalTargets local, LocalEngines engines, Upstream http, Ledger ledger) {
    var targets = new Targets(LatheYaml::defaults, local, Assignments.NONE);
    var health = new Health(BreakerSettings.defaults(), System::nanoTime);
    var planning =
        new Planning(
            LatheYaml::defaults,
            targets,
            new Candidates(LatheYaml::defaults, targets, local, health, model -> null, target -> 0),
            health,
            new Switches(null),
            new RuleClassifier(),
            RandomGenerator.getDefault());
    return new Router(
        planning,
        health,
        new AnswerCache(CacheSettings.OFF, System::nanoTime),
        engines,
        http,
        ledger,
        Clock.systemUTC());
  }
}
