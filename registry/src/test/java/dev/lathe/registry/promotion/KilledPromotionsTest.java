package dev.lathe.registry.promotion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.registry.Made;
import dev.lathe.registry.TestDatabase;
import dev.lathe.registry.models.ModelRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;

/** What was acknowledged is there after SIGKILL, in the database of a home. */
class KilledPromotionsTest {
  @TempDir Path folder;

  @Test
  void noAcknowledgedPromotionIsLostWhenTheProcessIsKilled() throws Exception {
    killed(2, 100);
  }

  @Test
  @Tag("slow")
  void noneOfAThousandIsLostFiveTimes() throws Exception {
    killed(5, 1_000);
  }

  private void killed(int times, int acknowledged) throws Exception {
    try (var database = new Opened()) {
      Made.registered(database.models, "run-1", "support");
      Made.registered(database.models, "run-2", "support");
    }
    var told = new TreeMap<Long, String>();
    for (int i = 0; i < times; i++) {
      promoteUntilKilled(acknowledged, told);

      try (var database = new Opened()) {
        var kept = new TreeMap<Long, String>();
        for (var p : database.aliases.history("support", "champion")) {
          kept.put(p.change(), p.version());
        }
        assertThat(kept).containsAllEntriesOf(told);
        // At most the one that was committed and could not be told any more.
        assertThat(kept.size() - told.size()).isBetween(0, 1);
        assertThat(kept.lastKey()).isEqualTo(kept.size());
        assertThat(database.aliases.resolve("support", "champion").orElseThrow().version())
            .isEqualTo(kept.lastEntry().getValue());
        assertThat(database.models.verify("support@1").intact()).isTrue();
        kept.forEach(told::putIfAbsent);
      }
    }
    assertThat(told.size()).isGreaterThanOrEqualTo(times * acknowledged);
  }

  private void promoteUntilKilled(int acknowledged, Map<Long, String> told) throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                PromoteMain.class.getName(),
                folder.resolve("lathe").toString(),
                folder.resolve("models").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var out = process.inputReader()) {
      for (int i = 0; i < acknowledged; i++) {
        note(out.readLine(), told);
      }
      process.toHandle().destroyForcibly(); // as kill -9; what is in the pipe stays readable
      drain(out, told);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /** What had been told before the kill is in the pipe still; its last line may be cut. */
  private static void drain(BufferedReader out, Map<Long, String> told) {
    try {
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        if (line.matches("\\d+ support@\\d")) {
          note(line, told);
        }
      }
    } catch (IOException e) {
      // the process is gone
    }
  }

  private static void note(String line, Map<Long, String> told) {
    assertThat(line).as("the process promotes").isNotNull();
    var parts = List.of(line.split(" "));
    told.put(Long.valueOf(parts.get(0)), parts.get(1));
  }

  private final class Opened implements AutoCloseable {
    private final JdbcConnectionPool pool =
        JdbcConnectionPool.create(TestDatabase.h2Url(folder.resolve("lathe")), "sa", "");
    private final ModelRegistry models;
    private final Aliases aliases;

    Opened() {
      Flyway.configure().dataSource(pool).load().migrate();
      var jdbc = JdbcClient.create(pool);
      var transactions = new DataSourceTransactionManager(pool);
      models = new ModelRegistry(jdbc, transactions, folder.resolve("models"), Clock.systemUTC());
      aliases = new Aliases(jdbc, transactions, models, Clock.systemUTC());
    }

    @Override
    public void close() {
      pool.dispose();
    }
  }
}
