package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.registry.audit.Decision;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.models.NewVersion;
import dev.lathe.registry.promotion.Aliases;
import dev.lathe.registry.promotion.Expectation;
import dev.lathe.registry.promotion.NewPromotion;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.RegistryTargets;
import dev.lathe.serving.routing.Reply;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.routing.Standings;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;

/** Real registry, aliases and router; engines that take half a second to load. */
@Timeout(120)
class PromotionUnderLoadTest {
  private static final long LOADING_MILLIS = 500;

  @TempDir Path folder;

  private final Map<String, StandInUpstream> engines = new ConcurrentHashMap<>();
  private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
  private ModelRegistry models;
  private Aliases aliases;
  private Base base;
  private RequestLog log;
  private Upstream http;
  private Standings standings;
  private Router router;

  /**
   * @param said what came, or the error
   */
  private record Answer(long asked, long came, String said) {}

  private final LocalEngines slowToLoad =
      new LocalEngines() {
        @Override
        public Lease lease(LocalModel model) {
          var engine = engines.computeIfAbsent(model.id(), id -> loaded(id));
          return new Lease() {
            @Override
            public URI address() {
              return engine.root();
            }

            @Override
            public void broken() {}

            @Override
            public void close() {}
          };
        }

        private StandInUpstream loaded(String id) {
          try {
            Thread.sleep(LOADING_MILLIS);
            var engine = StandInUpstream.start();
            engine.says(id);
            return engine;
          } catch (Exception e) {
            throw new EngineUnavailable("the test's engine does not start", e);
          }
        }

        @Override
        public void unload(String modelId) {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void start() {
    var h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
    Flyway.configure().dataSource(h2).load().migrate();
    var transactions = new DataSourceTransactionManager(h2);
    var bases = new BaseStore(folder.resolve("bases"));
    base = TinyBase.create(bases);
    models =
        new ModelRegistry(
            JdbcClient.create(h2), transactions, folder.resolve("models"), Clock.systemUTC());
    aliases = new Aliases(JdbcClient.create(h2), transactions, models, Clock.systemUTC());
    log = new RequestLog(new JdbcTemplate(h2), transactions);
    http = new Upstream(64);
    standings = new Standings(slowToLoad);
    var local = new RegistryTargets(models, aliases, bases, standings);
    aliases.onChange(p -> local.prepare(p.name(), p.alias()));
    router = Routers.router(local, slowToLoad, http, Routers.ledger(log, h2, transactions));
  }

  @AfterEach
  void stop() throws Exception {
    standings.close();
    log.close();
    http.close();
    for (var engine : engines.values()) {
      engine.close();
    }
  }

  private ModelVersion trained(String run) throws Exception {
    var aside = models.aside(run);
    Files.createDirectories(aside.resolve("serving"));
    Files.writeString(aside.resolve("serving/adapter.gguf"), "the adapter of " + run);
    return models.register(
        new NewVersion(
            "support",
            run,
            "desk@1",
            "d",
            base.name(),
            base.weightsSha256(),
            base.templateSha256(),
            List.of(),
            Map.of(),
            Map.of(),
            aside,
            null));
  }

  private void promote(ModelVersion version) {
    aliases.promote(
        new NewPromotion(
            version,
            "champion",
            new Expectation.Anywhere(),
            new Decision("ann", "the test"),
            List.of(),
            true));
  }

  private String ask(String model) {
    var kept = new String[1];
    var reply =
        new Reply() {
          @Override
          public void whole(Map<String, String> headers, byte[] json) {
            kept[0] = String.valueOf(headers.get("x-lathe-route"));
            assertThat(new String(json, StandardCharsets.UTF_8)).contains("\"" + kept[0] + "\"");
          }

          @Override
          public void begin(Map<String, String> headers) {}

          @Override
          public void event(byte[] data) {}

          @Override
          public void flush() {}
        };
    try {
      var body = ServedHome.body(model, "").getBytes(StandardCharsets.UTF_8);
      router.chat(ChatRequest.read(body), Asker.UNKNOWN, reply);
      return kept[0];
    } catch (WireError e) {
      return e.status() + " " + e.code() + ": " + e.message();
    } catch (Exception | AssertionError e) {
      return e.toString();
    }
  }

  private void askOnce() {
    long asked = System.nanoTime();
    var said = ask("support");
    answers.add(new Answer(asked, System.nanoTime(), said));
  }

  @Test
  void at50RequestsASecondNoneFailsAndTheNewVersionAnswersWithinTwoSeconds() throws Exception {
    promote(trained("r1"));
    assertThat(ask("support")).isEqualTo("support@1");
    var second = trained("r2");
    long promoted;
    try (var clock = Executors.newScheduledThreadPool(1);
        var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      var ticks =
          clock.scheduleAtFixedRate(
              () -> clients.submit(this::askOnce), 0, 20, TimeUnit.MILLISECONDS);
      Thread.sleep(1000);
      promote(second);
      promoted = System.nanoTime();
      Thread.sleep(3000);
      ticks.cancel(false);
    }
    assertThat(answers).hasSizeGreaterThan(150);
    assertThat(answers.stream().map(Answer::said).distinct().sorted())
        .containsExactly("support@1", "support@2");
    long first =
        answers.stream()
            .filter(a -> a.said().equals("support@2"))
            .mapToLong(Answer::came)
            .min()
            .orElseThrow();
    assertThat((first - promoted) / 1e6).as("ms to the first new answer").isLessThan(2000);
    assertThat(
            answers.stream()
                .filter(a -> a.asked() > first + 100_000_000 && !a.said().equals("support@2")))
        .isEmpty();
  }

  @Test
  void namesMeanWhatTheyMeanNow() throws Exception {
    assertThat(ask("support@champion")).startsWith("404 model_not_found");
    var first = trained("r1");
    assertThat(ask("support@champion"))
        .startsWith("404 model_not_promoted")
        .contains("./lathe models promote support@1 --alias champion");
    assertThat(ask("support")).startsWith("404 model_not_promoted");
    assertThat(ask("support@1")).isEqualTo("support@1");
    assertThat(ask("support@7")).startsWith("404 model_not_found").contains("support@1");
    promote(first);
    assertThat(ask("suport@champion")).contains("Did you mean 'support@champion'?");
    assertThat(ask("support@champoin"))
        .startsWith("404 model_not_promoted")
        .contains("Did you mean 'support@champion'?");
    assertThat(ask("support@champion")).isEqualTo("support@1");
    assertThat(ask("support")).isEqualTo("support@1");
    assertThat(ask("tiny")).isEqualTo("tiny");
    assertThat(router.planning().targets().names())
        .containsExactly("support", "support@champion", "support@1", "tiny");
  }

  @Test
  void aVersionWhoseFilesOrBaseAreGoneIsToldAs503() throws Exception {
    var version = trained("r1");
    Files.delete(Path.of(version.folder()).resolve("serving/adapter.gguf"));
    assertThat(ask("support@1")).startsWith("503 model_unusable").contains("models verify");
    new BaseStore(folder.resolve("bases")).remove("tiny");
    Thread.sleep(1100);
    assertThat(ask("support@1")).startsWith("503 model_unusable").contains("tiny");
  }
}
