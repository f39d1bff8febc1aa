package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.pipelines.jobs.FinetuneParts;
import dev.lathe.pipelines.jobs.FinetunePatience;
import dev.lathe.pipelines.jobs.FinetunePlan;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.jobs.HomeFinetunePlan;
import dev.lathe.pipelines.jobs.Registrations;
import dev.lathe.pipelines.jobs.Reproductions;
import dev.lathe.pipelines.supervision.MemoryRoom;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.sweeps.SweepParts;
import dev.lathe.pipelines.sweeps.Sweeps;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRegistry;
import java.time.Clock;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** What trains runs, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class RunsParts {
  @Bean
  RunImport runImport(JdbcTemplate jdbc, PlatformTransactionManager transactions) {
    return new RunImport(jdbc, transactions, Clock.systemUTC());
  }

  @Bean
  RunRegistry runRegistry(JdbcClient jdbc) {
    return new RunRegistry(jdbc);
  }

  @Bean
  FinetunePlan finetunePlan(Home home) {
    return new HomeFinetunePlan(home.bases(), home.datasets());
  }

  /** The home is in order before the first request; runs live on when the owner ends. */
  @Bean(initMethod = "recover", destroyMethod = "close")
  Finetunes finetunes(
      Home home,
      FinetunePlan plan,
      RunImport imports,
      RunRegistry registry,
      JobRepository batch,
      PlatformTransactionManager transactions,
      Registrations registrations) {
    return new Finetunes(
        home.runs(),
        plan,
        new FinetuneParts(
            imports,
            registry,
            batch,
            transactions,
            registrations::completed,
            RunCommand.product(),
            FinetunePatience.PRODUCT,
            new MemoryRoom()::kills,
            atOnce(),
            Clock.systemUTC()));
  }

  @Bean
  Reproductions reproductions(Finetunes finetunes, FinetunePlan plan) {
    return new Reproductions(finetunes, plan, Clock.systemUTC());
  }

  /** In order behind the runs, and given up before them. */
  @Bean(initMethod = "recover", destroyMethod = "close")
  Sweeps sweeps(
      Home home,
      Finetunes finetunes,
      FinetunePlan plan,
      RunRegistry registry,
      JobRepository batch,
      PlatformTransactionManager transactions,
      Registrations registrations) {
    return new Sweeps(
        home.sweeps(),
        new SweepParts(
            finetunes,
            plan,
            registry,
            batch,
            transactions,
            registrations::registered,
            atOnce(),
            Clock.systemUTC()));
  }

  private static int atOnce() {
    return Integer.parseInt(System.getenv().getOrDefault("LATHE_RUNS_AT_ONCE", "1"));
  }
}
