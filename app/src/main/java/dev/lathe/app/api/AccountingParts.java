package dev.lathe.app.api;

import dev.lathe.app.api.RouterParts.Configured;
import dev.lathe.app.owner.Door;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.Holds;
import dev.lathe.serving.accounting.Keyring;
import dev.lathe.serving.accounting.Ledger;
import dev.lathe.serving.accounting.Observer;
import dev.lathe.serving.accounting.Prices;
import dev.lathe.serving.accounting.Pruning;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.accounting.Usage;
import dev.lathe.serving.metrics.Labels;
import dev.lathe.serving.metrics.Meters;
import dev.lathe.serving.settings.LatheYaml;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** Who may ask, what it costs, and what was spent. */
@Configuration(proxyBeanMethods = false)
class AccountingParts {
  private static final Logger log = LoggerFactory.getLogger(AccountingParts.class);

  /** How old may be what a server knows of what others spend on the same keys. */
  private static final Duration OTHERS = Duration.ofSeconds(5);

  @Bean
  Keyring keyring(Configured configured) {
    return new Keyring(read(configured).accounting().keys());
  }

  @Bean
  Prices prices(Configured configured) {
    return Prices.of(read(configured));
  }

  @Bean
  Holds holds(JdbcClient jdbc, PlatformTransactionManager transactions) {
    return new Holds(jdbc, transactions);
  }

  @Bean
  Labels labels(Configured configured, Prices prices) {
    return new Labels(read(configured), prices);
  }

  /** Nothing is measured by a command that owns the home for a moment. */
  @Bean
  Meters meters(Labels labels, Door door) {
    return new Meters(
        door.open()
            ? new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
            : new CompositeMeterRegistry(),
        labels);
  }

  @Bean
  Ledger ledger(
      RequestLog requests,
      Prices prices,
      Keyring keys,
      Holds holds,
      Database database,
      List<Observer> observers) {
    var clock = Clock.systemUTC();
    int left = holds.adopt(clock.instant(), database.shared());
    if (left > 0) {
      log.warn("{} answers were under way when a server ended; budgets count what was held", left);
    }
    return new Ledger(
        requests, prices, keys, holds, clock, database.shared() ? OTHERS : null, observers);
  }

  @Bean
  Usage usage(JdbcClient jdbc, Prices prices) {
    return new Usage(jdbc, prices);
  }

  /** Only a server prunes; a command that owns the home for a moment has other work. */
  @Bean(destroyMethod = "close")
  Pruning pruning(
      JdbcClient jdbc, PlatformTransactionManager transactions, Configured configured, Door door) {
    int keepDays = read(configured).accounting().keepDays();
    var pruning = new Pruning(jdbc, transactions, keepDays, Clock.systemUTC());
    return keepDays > 0 && door.open() ? pruning.start() : pruning;
  }

  /** A command that owns the home for a moment works with a broken file, too. */
  private static LatheYaml read(Configured configured) {
    try {
      return configured.yaml().get();
    } catch (BadInput e) {
      return LatheYaml.defaults();
    }
  }
}
