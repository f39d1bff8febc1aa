package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.pipelines.jobs.Registrations;
import dev.lathe.registry.audit.AuditLog;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.registry.runs.RunRegistry;
import java.time.Clock;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** The registry of model versions, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class ModelsParts {
  /** Servers that share a database see each other's promotions within a second. */
  private static final Duration LOOK = Duration.ofMillis(300);

  @Bean
  ModelRegistry modelRegistry(JdbcClient jdbc, PlatformTransactionManager transactions, Home home) {
    return new ModelRegistry(jdbc, transactions, home.models(), Clock.systemUTC());
  }

  @Bean
  Aliases aliases(
      JdbcClient jdbc,
      PlatformTransactionManager transactions,
      ModelRegistry models,
      Database database) {
    var aliases = new Aliases(jdbc, transactions, models, Clock.systemUTC());
    return database.shared() ? aliases.watch(LOOK) : aliases;
  }

  @Bean
  AuditLog auditLog(JdbcClient jdbc) {
    return new AuditLog(jdbc, Clock.systemUTC());
  }

  @Bean
  Registrations registrations(ModelRegistry models, RunRegistry runs, Home home) {
    return new Registrations(models, runs, home.datasets());
  }
}
