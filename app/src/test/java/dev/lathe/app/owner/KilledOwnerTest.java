package dev.lathe.app.owner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.ApiServer;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.NewVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** What the owner of a home answered is there after {@code kill -9}. */
@Timeout(600)
class KilledOwnerTest {
  @TempDir Path folder;

  /** Gates that measure nothing: here it is only asked what is kept. */
  private static final Map<String, String> QUICK_GATES =
      Map.of("SPRING_PROFILES_ACTIVE", "stand-in-gates");

  @BeforeEach
  void twoVersions() throws Exception {
    var home = new Home(folder);
    home.prepare();
    var url = "jdbc:h2:file:" + home.database().resolve("lathe");
    var pool = JdbcConnectionPool.create(url, "sa", "");
    Flyway.configure().dataSource(pool).load().migrate();
    var models =
        new ModelRegistry(
            JdbcClient.create(pool),
            new JdbcTransactionManager(pool),
            home.models(),
            Clock.systemUTC());
    for (var run : List.of("run-1", "run-2")) {
      var aside = models.aside(run);
      Files.createDirectories(aside.resolve("adapter"));
      Files.writeString(aside.resolve("adapter/adapter_model.safetensors"), run);
      models.register(
          new NewVersion(
              "support", run, "desk@1", "cd", "gone", "ab", "ef", List.of(), Map.of(), Map.of(),
              aside, null));
    }
    pool.dispose();
  }

  @Test
  void noPromotionThatWasAnsweredIsLost() throws Exception {
    killed(1, 60);
  }

  @Test
  @Tag("slow")
  void noneOfAThousandIsLostFiveTimes() throws Exception {
    killed(5, 1_000);
  }

  private void killed(int times, int answered) throws Exception {
    var told = new TreeMap<Long, String>();
    for (int i = 0; i < times; i++) {
      try (var owner = OwnerProcess.serving(folder, QUICK_GATES)) {
        // No server of its own: it must not become the owner when the other one is gone.
        try (var client =
            new OwnerClient(
                new Home(folder),
                (home, door) -> {
                  throw new IllegalStateException("the owner is gone");
                })) {
          for (int n = 0; n < answered; n++) {
            var version = "support@" + (1 + n % 2);
            var promotion = client.work("models/promote", wanted(version), p -> {});
            assertThat(promotion.path("version").asString()).isEqualTo(version);
            told.put(promotion.path("change").asLong(), version);
          }
        }
        owner.kill();
      }
    }
    var kept = new TreeMap<Long, String>();
    try (var client = new OwnerClient(new Home(folder), new ApiServer())) {
      for (var p : client.get("models/support/history").path("items")) {
        kept.put(p.path("change").asLong(), p.path("version").asString());
      }
      assertThat(client.get("models/support@champion").path("version").asString())
          .isEqualTo(kept.lastEntry().getValue());
    }
    assertThat(kept).containsAllEntriesOf(told);
  }

  private static Map<String, Object> wanted(String version) {
    return Map.of(
        "version", version, "alias", "champion", "force", true, "reason", "x", "by", "test");
  }
}
