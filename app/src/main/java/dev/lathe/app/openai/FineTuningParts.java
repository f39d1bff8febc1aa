package dev.lathe.app.openai;

import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.pipelines.jobs.DatasetJob;
import dev.lathe.pipelines.jobs.FinetunePlan;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.jobs.Registrations;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.serving.routing.LocalTargets;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/** What runs OpenAI's fine-tuning jobs, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class FineTuningParts {
  private final Clock clock = Clock.systemUTC();

  @Bean
  JobFigures jobFigures(RunRegistry registry, FileStore files) {
    return new JobFigures(registry, files);
  }

  @Bean(destroyMethod = "close")
  JobWork jobWork(
      Home home,
      FileStore files,
      DatasetStore datasets,
      DatasetJob builds,
      Finetunes runs,
      FinetunePlan plan,
      RunRegistry registry,
      Registrations registrations,
      JobFigures figures) {
    var build = new JobBuild(files, new BaseStore(home.bases()), datasets, builds, clock);
    return new JobWork(build, runs, plan, registry, registrations, figures, clock);
  }

  @Bean(initMethod = "read", destroyMethod = "close")
  FineTuning fineTuning(
      Home home,
      FileStore files,
      ModelRegistry models,
      Aliases aliases,
      Finetunes runs,
      RunRegistry registry,
      JobWork work) {
    var requests = new JobRequests(files, new BaseStore(home.bases()), models, aliases);
    return new FineTuning(
        home.folder().resolve("fine-tuning"), requests, runs, registry, work, clock);
  }

  @Bean
  JobHistory jobHistory(FineTuning jobs, Finetunes runs, RunRegistry registry, JobFigures figures) {
    return new JobHistory(jobs, runs, registry, figures);
  }

  @Bean
  JobViews jobViews(FineTuning jobs, JobHistory history) {
    return new JobViews(jobs, history, clock);
  }

  /**
   * A server goes on with the jobs of the one before; a command that owns the home for a moment
   * leaves them.
   */
  @Bean
  ApplicationListener<ApplicationReadyEvent> recoverFineTuning(Door door, FineTuning jobs) {
    return ready -> {
      if (door.open()) {
        jobs.recover();
      }
    };
  }

  /** Everything that looks for a model by its name finds checkpoints too. */
  @Bean
  @Primary
  LocalTargets checkpointTargets(
      @Qualifier("localTargets") LocalTargets local,
      ObjectProvider<FineTuning> jobs,
      Finetunes runs,
      Home home) {
    return new CheckpointTargets(local, jobs::getObject, runs, new BaseStore(home.bases()));
  }
}
