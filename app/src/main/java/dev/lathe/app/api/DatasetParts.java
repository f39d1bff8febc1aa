package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.pipelines.jobs.DatasetJob;
import java.time.Clock;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.PlatformTransactionManager;

/** What builds datasets, for the owner of a home. */
@Configuration(proxyBeanMethods = false)
class DatasetParts {
  @Bean
  DatasetStore datasetStore(Home home) {
    return new DatasetStore(home.datasets());
  }

  /** What a killed owner left half built is cleared away before anything is built. */
  @Bean(initMethod = "recoverAbandoned")
  DatasetJob datasetJob(
      JobRepository repository,
      JobOperator operator,
      PlatformTransactionManager transactions,
      DatasetStore store) {
    return new DatasetJob(repository, operator, transactions, store, Clock.systemUTC());
  }
}
