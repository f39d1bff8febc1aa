package dev.lathe.app.api;

import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.supervision.MemoryRoom;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.serving.accounting.Ledger;
import dev.lathe.serving.accounting.Prices;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.messages.TokenCount;
import dev.lathe.serving.providers.EngineMemory;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.llama.EngineSettings;
import dev.lathe.serving.providers.llama.LlamaEngines;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.routing.Assignments;
import dev.lathe.serving.routing.Candidates;
import dev.lathe.serving.routing.LocalTargets;
import dev.lathe.serving.routing.Planning;
import dev.lathe.serving.routing.RegistryTargets;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.routing.Standings;
import dev.lathe.serving.routing.Switches;
import dev.lathe.serving.routing.Target;
import dev.lathe.serving.routing.Targets;
import dev.lathe.serving.routing.cache.AnswerCache;
import dev.lathe.serving.routing.health.Health;
import dev.lathe.serving.routing.tasks.RuleClassifier;
import dev.lathe.serving.routing.tasks.TaskClassifier;
import dev.lathe.serving.routing.tasks.TrainedClassifier;
import dev.lathe.serving.settings.AiSettings;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.Price;
import dev.lathe.serving.settings.Provider;
import dev.lathe.serving.settings.RoutingSettings;
import dev.lathe.serving.settings.ServerLimits;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;

/** What routes requests for models. */
@Configuration(proxyBeanMethods = false)
class RouterParts {
  /** An engine's own queue is the bound; it refuses in its own words. */
  private static final int TO_AN_ENGINE = 4096;

  private static final long USUAL_PROMPT = 1000;
  private static final long USUAL_ANSWER = 500;

  /**
   * What {@code lathe.yaml} says. A server that was asked to serve refuses a broken one; a command
   * that owns the home for a moment tells of it only when a provider is wanted.
   */
  record Configured(Supplier<LatheYaml> yaml, ServerLimits limits) {
    static Configured of(Home home, Door door, Map<String, String> environment) {
      var named = door.configuration();
      if (named == null && !Files.exists(home.configuration())) {
        var none = LatheYaml.defaults();
        return new Configured(() -> none, none.server());
      }
      try {
        var read = LatheYaml.read(named == null ? home.configuration() : named, environment);
        return new Configured(() -> read, read.server());
      } catch (BadInput e) {
        if (door.open() || named != null) {
          throw e;
        }
        return new Configured(
            () -> {
              throw e;
            },
            LatheYaml.defaults().server());
      }
    }

    /** Read once, at the start: breakers and kept answers live as long as the server. */
    RoutingSettings routing() {
      try {
        return yaml.get().routing();
      } catch (BadInput e) {
        return LatheYaml.defaults().routing();
      }
    }

    /** Connections to every provider's server; two providers at one server share the sum. */
    Map<URI, Integer> connections() {
      try {
        return yaml.get().providers().values().stream()
            .flatMap(p -> p.parts().isEmpty() ? Stream.of(p) : p.parts().stream())
            .collect(
                Collectors.toMap(
                    p -> p.baseUrl().resolve("/"), Provider::connections, Integer::sum));
      } catch (BadInput e) {
        return Map.of();
      }
    }
  }

  @Bean
  Configured configured(Home home, Door door) {
    return Configured.of(home, door, System.getenv());
  }

  @Bean
  ServerLimits serverLimits(Configured configured) {
    return configured.limits();
  }

  @Bean
  AiSettings aiSettings(Configured configured) {
    try {
      return configured.yaml().get().ai();
    } catch (BadInput e) {
      return LatheYaml.defaults().ai();
    }
  }

  @Bean(destroyMethod = "close")
  RequestLog requestLog(JdbcTemplate jdbc, PlatformTransactionManager transactions) {
    return new RequestLog(jdbc, transactions);
  }

  @Bean(destroyMethod = "close")
  Upstream upstream(Configured configured) {
    return new Upstream(TO_AN_ENGINE, configured.connections());
  }

  /** Their processes end with this bean: after the answers, before the database. */
  @Bean(destroyMethod = "close")
  LlamaEngines localEngines(Home home) {
    return new LlamaEngines(home.folder().resolve("engines"), EngineSettings.defaults());
  }

  @Bean(destroyMethod = "close")
  Standings standings(LocalEngines engines) {
    return new Standings(engines);
  }

  /**
   * A server loads what is promoted at once; a command that owns the home for a moment does not.
   */
  @Bean
  LocalTargets localTargets(
      Home home, Door door, ModelRegistry models, Aliases aliases, Standings standings) {
    var local = new RegistryTargets(models, aliases, new BaseStore(home.bases()), standings);
    if (door.open()) {
      aliases.onChange(p -> local.prepare(p.name(), p.alias()));
    }
    return local;
  }

  @Bean
  Targets targets(Configured configured, LocalTargets local, Assignments experiments) {
    return new Targets(configured.yaml(), local, experiments);
  }

  @Bean
  Health health(Configured configured) {
    return new Health(configured.routing().breaker(), System::nanoTime);
  }

  @Bean
  Switches switches(Home home) {
    return new Switches(home.folder().resolve("switches.json"));
  }

  @Bean
  EngineMemory engineMemory(LlamaEngines engines) {
    return new EngineMemory(
        new MemoryRoom()::available,
        id -> engines.loaded().stream().anyMatch(e -> e.id().equals(id)));
  }

  /** USD of a thousand tokens read and five hundred written, to compare targets by. */
  private static double usual(Prices prices, Target target) {
    var provider = target instanceof Target.Remote r ? r.provider().name() : null;
    var price = prices.of(target.name(), provider);
    return price == null
        ? Double.NaN
        : Price.usd(price.of(USUAL_PROMPT, 0, USUAL_ANSWER, 0)).doubleValue();
  }

  /** A file of one's own refuses to be started with when it cannot be read. */
  private static TaskClassifier classifier(@Nullable String file) {
    return file == null ? new RuleClassifier() : TrainedClassifier.load(Path.of(file));
  }

  @Bean
  Planning planning(
      Configured configured,
      Targets targets,
      LocalTargets local,
      Health health,
      Switches switches,
      EngineMemory memory,
      Prices prices) {
    var candidates =
        new Candidates(
            configured.yaml(), targets, local, health, memory::unfit, t -> usual(prices, t));
    return new Planning(
        configured.yaml(),
        targets,
        candidates,
        health,
        switches,
        classifier(configured.routing().classifier()),
        RandomGenerator.getDefault());
  }

  @Bean
  AnswerCache answerCache(Configured configured) {
    return new AnswerCache(configured.routing().cache(), System::nanoTime);
  }

  @Bean
  Router router(
      Planning planning,
      Health health,
      AnswerCache cache,
      LocalEngines engines,
      Upstream upstream,
      Ledger ledger) {
    return new Router(planning, health, cache, engines, upstream, ledger, Clock.systemUTC());
  }

  @Bean
  TokenCount tokenCount(Targets targets, LocalEngines engines, Upstream upstream) {
    return new TokenCount(targets, engines, upstream);
  }

  /** Names of providers' models hold slashes, which clients encode in a path. */
  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> slashesInNames() {
    return factory ->
        factory.addConnectorCustomizers(
            connector ->
                connector.setEncodedSolidusHandling(EncodedSolidusHandling.DECODE.getValue()));
  }
}
