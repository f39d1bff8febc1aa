package dev.lathe.app.owner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.ApiServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Feedback that was acknowledged over HTTP outlives SIGKILL of the owner, five times. */
@Tag("slow")
class FeedbackOwnerKillTest {
  private static final int KILLS = 5;
  private static final int EACH = 1000;
  private static final int CLIENTS = 4;

  @TempDir Path folder;

  @Test
  void losesNothingThatWasAcknowledged() throws Exception {
    var home = new Home(folder);
    new ApiServer().start(home, Door.closed("0123456789abcdef", 0)).close(); // makes the tables
    database(
        jdbc ->
            jdbc.sql(
                    "INSERT INTO requests (id, at, asked, target, streamed, status, latency_ms)"
                        + " VALUES ('a-1', CURRENT_TIMESTAMP, 'tiny', 'tiny', FALSE, 200, 1)")
                .update());
    var acknowledged = Collections.synchronizedList(new ArrayList<String>());
    for (int kill = 1; kill <= KILLS; kill++) {
      int enough = kill * EACH;
      try (var owner = OwnerProcess.serving(folder)) {
        var clients =
            IntStream.range(0, CLIENTS).mapToObj(i -> client(home, acknowledged)).toList();
        while (acknowledged.size() < enough && clients.stream().anyMatch(Thread::isAlive)) {
          Thread.sleep(5);
        }
        owner.kill();
        for (var client : clients) {
          client.join();
        }
      }
      assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(enough);
      var kept = new HashSet<String>();
      database(jdbc -> kept.addAll(jdbc.sql("SELECT id FROM feedback").query(String.class).list()));
      assertThat(acknowledged.stream().filter(id -> !kept.contains(id)).toList())
          .as("lost at kill %d of %d acknowledged", kill, acknowledged.size())
          .isEmpty();
    }
    System.out.println(acknowledged.size() + " acknowledged, " + KILLS + " kills, none lost");
  }

  /** Posts until the owner is gone; it never becomes the owner itself. */
  private static Thread client(Home home, List<String> acknowledged) {
    return Thread.ofVirtual()
        .start(
            () -> {
              var client = new OwnerClient(home, new ApiServer());
              try {
                while (true) {
                  acknowledged.add(
                      client
                          .post(
                              "feedback",
                              Map.of("id", "a-1", "thumb", "up"),
                              OwnerClient.Repeat.NEVER)
                          .path("feedback")
                          .asString());
                }
              } catch (OwnerLost | ApiError gone) {
                // Killed, as it should be.
              }
            });
  }

  private interface Use {
    void of(JdbcClient jdbc);
  }

  private void database(Use use) {
    var pool =
        JdbcConnectionPool.create("jdbc:h2:file:" + folder.resolve("database/lathe"), "sa", "");
    try {
      use.of(JdbcClient.create(pool));
    } finally {
      pool.dispose();
    }
  }
}
