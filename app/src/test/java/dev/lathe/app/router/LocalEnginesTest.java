package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.Ledger;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.LocalTargets;
import dev.lathe.serving.routing.Reply;
import dev.lathe.serving.routing.Target;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.init.ResourceDatabasePopulator;

/** What the router does when local engines die under its requests. */
class LocalEnginesTest {
  private static final LocalModel MODEL =
      new LocalModel("tiny", Path.of("tiny.gguf"), null, Path.of("."), 512);

  private StandInUpstream upstream;
  private RequestLog log;
  private Ledger ledger;
  private Upstream http;
  private final Engines engines = new Engines();

  /** Engines whose next failures are set. */
  private final class Engines implements LocalEngines {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger broken = new AtomicInteger();
    private int dead;
    private @Nullable RuntimeException refuses;

    @Override
    public Lease lease(LocalModel model) {
      if (refuses != null) {
        throw refuses;
      }
      open.incrementAndGet();
      var address = dead-- > 0 ? URI.create("http://127.0.0.1:9") : upstream.root();
      return new Lease() {
        @Override
        public URI address() {
          return address;
        }

        @Override
        public void broken() {
          broken.incrementAndGet();
        }

        @Override
        public void close() {
          open.decrementAndGet();
        }
      };
    }

    @Override
    public void unload(String modelId) {}

    @Override
    public void close() {}
  }

  /** Keeps what a client would have got. */
  private static final class Kept implements Reply {
    private final List<String> data = new ArrayList<>();
    private Map<String, String> headers = Map.of();

    @Override
    public void whole(Map<String, String> given, byte[] json) {
      headers = given;
      data.add(new String(json, StandardCharsets.UTF_8));
    }

    @Override
    public void begin(Map<String, String> given) {
      headers = given;
    }

    @Override
    public void event(byte[] event) {
      data.add(new String(event, StandardCharsets.UTF_8));
    }

    @Override
    public void flush() {}
  }

  @BeforeEach
  void start() throws Exception {
    upstream = StandInUpstream.start();
    var h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
    new ResourceDatabasePopulator(
            new ClassPathResource("db/migration/V3__serving.sql"),
            new ClassPathResource("db/migration/V7__accounting.sql"))
        .execute(h2);
    var transactions = new DataSourceTransactionManager(h2);
    log = new RequestLog(new JdbcTemplate(h2), transactions);
    ledger = Routers.ledger(log, h2, transactions);
    http = new Upstream(16);
  }

  @AfterEach
  void stop() throws Exception {
    log.close();
    http.close();
    upstream.close();
  }

  private Kept ask(String behaviour, boolean streamed) throws Exception {
    var local =
        new LocalTargets() {
          @Override
          public Optional<Target.Local> find(String name) {
            var model = new LocalModel(name, MODEL.gguf(), null, MODEL.base(), 512);
            return Optional.of(new Target.Local(model, "tiny", null, null));
          }

          @Override
          public List<String> names() {
            return List.of("tiny");
          }
        };
    var router = Routers.router(local, engines, http, ledger);
    var kept = new Kept();
    var body = ServedHome.body(behaviour, streamed ? ",\"stream\":true" : "");
    try {
      router.chat(ChatRequest.read(body.getBytes(StandardCharsets.UTF_8)), Asker.UNKNOWN, kept);
    } finally {
      assertThat(engines.open).as("leases that were not given back").hasValue(0);
    }
    return kept;
  }

  @Test
  void anEngineThatIsGoneIsReportedAndItsReplacementAsked() throws Exception {
    engines.dead = 2;
    var kept = ask("instant", false);
    assertThat(kept.data).hasSize(1).first().asString().contains("one two three four five");
    assertThat(kept.headers).containsEntry("x-lathe-route", "instant");
    assertThat(engines.broken).hasValue(2);
  }

  @Test
  void anEngineThatDiesBeforeTheFirstByteIsAskedAgainForStreamsToo() throws Exception {
    upstream.drop(1);
    assertThat(ask("instant", true).data).last().isEqualTo("[DONE]");
    upstream.drop(2);
    assertThat(ask("instant", false).data).hasSize(1);
    assertThat(engines.broken).hasValue(3);
  }

  @Test
  void afterTheFirstByteTheStreamTellsAndTheEngineIsLookedAt() throws Exception {
    var kept = ask("broken", true);
    assertThat(kept.data).hasSize(4).last().asString().contains("\"error\"", "broke_off");
    assertThat(engines.broken).hasValue(1);
    var id = String.valueOf(kept.headers.get("x-lathe-id"));
    var row = log.find(id).orElseThrow();
    assertThat(row.error()).contains("broke off");
    assertThat(row.status()).isEqualTo(200);
  }

  @Test
  void aStreamIsCountedThoughItsClientDidNotAskForThat() throws Exception {
    var kept = ask("instant", true);
    assertThat(kept.data).noneMatch(e -> e.contains("usage")).hasSize(7);
    assertThat(upstream.asked.getLast().body())
        .startsWith("{\"stream_options\":{\"include_usage\":true},\"model\":\"instant\",");
    var row = log.find(String.valueOf(kept.headers.get("x-lathe-id"))).orElseThrow();
    assertThat(row.promptTokens()).isEqualTo(9);
    assertThat(row.completionTokens()).isEqualTo(5);
  }

  @Test
  void anEngineThatDiesAgainAndAgainIsGivenUp() {
    engines.dead = 99;
    assertThatExceptionOfType(WireError.class)
        .isThrownBy(() -> ask("instant", false))
        .matches(e -> e.status() == 503)
        .withMessageContaining("ask again");
    assertThat(engines.broken).hasValue(3);
  }

  @Test
  void anEngineThatCannotComeUpIsToldAs503WithItsReason() {
    engines.refuses = new LocalEngines.EngineUnavailable("no room for another model");
    assertThatExceptionOfType(WireError.class)
        .isThrownBy(() -> ask("instant", false))
        .matches(e -> e.status() == 503)
        .withMessageContaining("no room");
    engines.refuses = new BadInput("the adapter is damaged", "a.gguf", "Verify it.");
    assertThatExceptionOfType(WireError.class)
        .isThrownBy(() -> ask("instant", false))
        .matches(e -> e.status() == 503)
        .withMessageContaining("the adapter is damaged: a.gguf. Verify it.");
  }
}
