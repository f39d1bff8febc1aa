package dev.lathe.app.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import dev.lathe.checkpoints.input.BadInput;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** Servers of several homes over one PostgreSQL. */
class PostgresServerTest {
  private static final String TOKEN = "0123456789abcdef";

  @TempDir Path folder;

  @Test
  void severalServersShareAPostgresqlThatAUrlNames() throws Exception {
    try (var postgres = start()) {
      var jdbc = Map.of("LATHE_DATABASE_URL", postgres.getJdbcUrl("postgres", "postgres"));
      var plain =
          Map.of(
              "LATHE_DATABASE_URL",
              "postgresql://postgres:secret@localhost:" + postgres.getPort() + "/postgres");
      try (var first = new ApiServer(jdbc).start(new Home(folder.resolve("a")), TOKEN, 0);
          var second = new ApiServer(plain).start(new Home(folder.resolve("b")), TOKEN, 0)) {
        for (var server : List.of(first, second)) {
          assertThat(get(server, "/api/models").statusCode()).isEqualTo(200);
          assertThat(get(server, "/api/runs").body()).isEqualTo("{\"items\":[]}");
        }
      }
      assertThat(folder.resolve("a/database")).doesNotExist();
    }
  }

  @Test
  void aDatabaseThatDoesNotAnswerIsSaidWithoutItsPassword() {
    var environment = Map.of("LATHE_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/lathe");

    assertThatThrownBy(() -> new ApiServer(environment).start(new Home(folder), TOKEN, 0))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("127.0.0.1:1/lathe")
        .hasMessageContaining("LATHE_DATABASE_URL")
        .message()
        .doesNotContain("secret");
  }

  @Test
  void aUrlOfAnotherDatabaseIsRefused() {
    for (var url : List.of("mysql://u:secret@h/d", "jdbc:h2:mem:x", "nonsense", "a b")) {
      assertThatThrownBy(() -> Database.of(Map.of("LATHE_DATABASE_URL", url), new Home(folder)))
          .as(url)
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("jdbc:postgresql://HOST:PORT/DATABASE")
          .message()
          .doesNotContain("secret");
    }
  }

  @Test
  void userAndPasswordComeFromTheUrlOrFromTheEnvironment() {
    var home = new Home(folder);
    var url = "postgres://ada:p%40ss@db.example:5433/lathe?sslmode=require";
    assertThat(Database.of(Map.of("LATHE_DATABASE_URL", url), home))
        .isEqualTo(
            new Database(
                "jdbc:postgresql://db.example:5433/lathe?sslmode=require", "ada", "p@ss", true));
    assertThat(
            Database.of(
                Map.of(
                    "LATHE_DATABASE_URL",
                    "jdbc:postgresql://db/lathe",
                    "LATHE_DATABASE_USER",
                    "ada",
                    "LATHE_DATABASE_PASSWORD",
                    "x"),
                home))
        .isEqualTo(new Database("jdbc:postgresql://db/lathe", "ada", "x", true));
    assertThat(Database.of(Map.of(), home).url()).startsWith("jdbc:h2:file:");
  }

  /** As root it runs in a user namespace of its own; where that is forbidden, this is skipped. */
  private static EmbeddedPostgres start() {
    try {
      return EmbeddedPostgres.builder().start();
    } catch (IOException | IllegalStateException e) {
      System.err.println("PostgreSQL cannot be started here, its tests are skipped: " + e);
      throw new TestAbortedException("PostgreSQL cannot be started here", e);
    }
  }

  private static HttpResponse<String> get(HomeServer.Running server, String path) throws Exception {
    try (var http = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create(server.address() + path))
              .header("Authorization", "Bearer " + TOKEN);
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
