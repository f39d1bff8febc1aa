package dev.lathe.app.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.Ownership;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.models.NewVersion;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** The registry over HTTP and on the command line, with gates that open for odd versions. */
class ModelsApiTest {
  private static final String PROFILES = "spring.profiles.active";

  @TempDir static Path folder;
  private static Ownership owner;

  @BeforeAll
  static void anOwnerWithVersions() throws Exception {
    var home = new Home(folder);
    home.prepare();
    var pool = JdbcConnectionPool.create(Database.of(Map.of(), home).url(), "sa", "");
    Flyway.configure().dataSource(pool).load().migrate();
    var models =
        new ModelRegistry(
            JdbcClient.create(pool),
            new JdbcTransactionManager(pool),
            home.models(),
            Clock.systemUTC());
    for (int i = 1; i <= 7; i++) {
      register(models, "support", "run-" + i);
      register(models, "fragile", "fragile-" + i);
    }
    for (var name : List.of("billing", "sales", "damaged")) {
      for (int i = 1; i <= 3; i++) {
        register(models, name, name + i);
      }
    }
    pool.dispose();
    System.setProperty(PROFILES, StandInGates.PROFILE);
    owner = Ownership.take(home, new ApiServer(), 0).orElseThrow();
  }

  @AfterAll
  static void close() {
    owner.close();
    System.clearProperty(PROFILES);
  }

  private static void register(ModelRegistry models, String name, String run) throws Exception {
    var aside = models.aside(run);
    Files.createDirectories(aside.resolve("adapter"));
    Files.writeString(aside.resolve("adapter/adapter_model.safetensors"), "weights of " + run);
    models.register(
        new NewVersion(
            name,
            run,
            "desk@1",
            "cd".repeat(32),
            "tiny",
            "ab".repeat(32),
            "ef".repeat(32),
            List.of(new ModelVersion.Source("desk.jsonl", "01".repeat(32))),
            Map.of("rank", 8),
            Map.of("evalLoss", 1.5),
            aside,
            "0.1.0"));
  }

  @Test
  void aSuiteThatCannotBeAskedIsAGateThatDoesNotPass() {
    var gate = "suite:factual>=0.1";
    var refused = run("promote", "sales@1", "--alias", "tested", "--gate", gate);
    assertThat(refused.status()).as(refused.err()).isEqualTo(1);
    assertThat(refused.err())
        .contains(
            "passed  better", "suite:factual", "score of the suite factual ", "not measured: ");
    var forced =
        run(
            "promote",
            "sales@1",
            "--alias",
            "tested",
            "--gate",
            gate,
            "--force",
            "--reason",
            "a trial",
            "--json");
    assertThat(forced.json().path("gates").valueStream().map(g -> g.path("name").asString()))
        .containsExactly("better", "kept", "suite:factual");
  }

  @Test
  void aVersionIsPromotedThroughTheGatesShownAndRolledBack() {
    var promoted = run("promote", "support@1", "--alias", "champion", "--by", "ada", "--json");
    assertThat(promoted.status()).as(promoted.err()).isZero();
    for (var key : List.of("version", "alias", "previous", "by", "reason", "gates", "at")) {
      assertThat(promoted.json().has(key)).as(key).isTrue();
    }
    assertThat(promoted.json().path("previous").isNull()).isTrue();
    assertThat(promoted.json().path("by").asString()).isEqualTo("ada");
    assertThat(promoted.json().path("gates").size()).isEqualTo(2);
    assertThat(promoted.err()).contains("measuring support@1", "passed  better");
    var between = Instant.now();
    var next = run("promote", "support@3", "--json", "--expected", "support@1");
    assertThat(next.status()).as(next.err()).isZero();
    assertThat(next.json().path("by").asString()).isEqualTo(System.getProperty("user.name"));
    assertThat(next.err()).contains("better than support@1");

    var shown = run("show", "support", "--json").json();
    assertThat(shown.path("version").asString()).isEqualTo("support@3");
    assertThat(shown.path("aliases").toString()).isEqualTo("[\"champion\"]");
    for (var key :
        List.of("run", "dataset", "base", "recipe", "metrics", "files", "createdAt", "sources")) {
      assertThat(shown.has(key)).as(key).isTrue();
    }
    assertThat(shown.path("files").path(0).properties()).hasSize(3);
    var then = run("show", "support@champion", "--at", between.toString(), "--json").json();
    assertThat(then.path("version").asString()).isEqualTo("support@1");
    assertThat(then.path("promotion").path("by").asString()).isEqualTo("ada");
    assertThat(run("show", "support@1").out()).contains("01".repeat(32), "desk@1");

    var back = run("rollback", "support", "--alias", "champion", "--reason", "worse", "--json");
    assertThat(back.status()).as(back.err()).isZero();
    assertThat(back.json().path("version").asString()).isEqualTo("support@1");
    var history = run("history", "support", "--json").json().path("items");
    assertThat(history.valueStream().map(p -> p.path("version").asString()))
        .containsExactly("support@1", "support@3", "support@1");
    assertThat(run("history", "support").out())
        .contains("support@3 -> support@1  (rollback)", "worse", "passed  kept");
    assertThat(run("list").out()).contains("champion = support@1");
    assertThat(run("list", "support").out()).contains("support@7", "run-7");
    assertThat(run("list", "--json").json().path("items").size()).isPositive();
    assertThat(run("list", "support", "--json").json().path("items").size()).isEqualTo(7);
    assertThat(run("audit", "--json").json().path("items").size()).isPositive();
    assertThat(run("audit", "support").out()).contains("rollback", "promote", "register");
  }

  @Test
  void aFailedGateRefusesAndSaysWhatWasExpectedAndFound() {
    var refused = run("promote", "billing@2", "--alias", "champion", "--json");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err())
        .contains("FAILED  better", "billing@2 may not become champion", "found 0.1", "--force");
    assertThat(refused.json().path("error").path("value").asString()).contains("better than tiny");

    var noReason = run("promote", "billing@2", "--force");
    assertThat(noReason.status()).isEqualTo(2);
    assertThat(noReason.err()).contains("a forced promotion needs a reason");

    var forced = run("promote", "billing@2", "--force", "--reason", "a try", "--json");
    assertThat(forced.status()).as(forced.err()).isZero();
    assertThat(forced.json().path("forced").asBoolean()).isTrue();
    assertThat(forced.json().path("reason").asString()).isEqualTo("a try");
    assertThat(run("history", "billing").out()).contains("(forced)", "FAILED  better");

    assertThat(run("protect", "billing", "champion", "--json").status()).isZero();
    assertThat(run("list").out()).contains("champion = billing@2 (protected)");
    assertThat(run("promote", "billing@1", "--force", "--reason", "x").status()).isZero();
    var closed = run("promote", "billing@2", "--force", "--reason", "again");
    assertThat(closed.status()).isEqualTo(1);
    assertThat(closed.err()).contains("protected: no force opens it");
    assertThat(run("protect", "billing", "champion", "--off").out()).contains("open again");
  }

  @Test
  void whatStandsThereAlreadyIsAnsweredWithoutMeasuring() {
    var first = run("promote", "sales@1", "--json").json();
    var again = run("promote", "sales@1", "--json");
    assertThat(again.json()).isEqualTo(first);
    assertThat(again.err()).doesNotContain("measuring");

    var moved = run("promote", "sales@3", "--expected", "2");
    assertThat(moved.status()).isEqualTo(1);
    assertThat(moved.err()).contains("expected sales@2, found sales@1");
    assertThat(run("rollback", "sales").status()).isEqualTo(2);
  }

  @Test
  void gatesThatBreakStopAPromotionUnlessItIsForced() {
    var broken = run("promote", "fragile@6");
    assertThat(broken.status()).isEqualTo(1);
    assertThat(broken.err()).contains("the engine is gone");

    var forced = run("promote", "fragile@6", "--force", "--reason", "now", "--json");
    assertThat(forced.status()).isZero();
    assertThat(forced.json().path("gates").path(0).path("found").asString())
        .contains("the engine is gone");
  }

  @Test
  void aChangedFileIsNamed() throws Exception {
    assertThat(run("verify", "damaged@1").out()).contains("every file is as it was registered");
    Files.writeString(
        folder.resolve("models/damaged/2/adapter/adapter_model.safetensors"), "other");
    Files.delete(folder.resolve("models/damaged/2/README.md"));

    var verified = run("verify", "damaged@2", "--json");

    assertThat(verified.status()).isEqualTo(1);
    assertThat(verified.json().path("intact").asBoolean()).isFalse();
    assertThat(verified.err()).contains("README.md is missing", "adapter_model.safetensors has");
  }

  @Test
  void tagsAreNoted() {
    var tagged = run("tag", "support@5", "owner", "desk team", "--json");
    assertThat(tagged.json().path("tags").path("owner").asString()).isEqualTo("desk team");
    assertThat(run("show", "support@5").out()).contains("owner: desk team");
    assertThat(run("tag", "support@5", "owner").status()).isZero();
    assertThat(run("show", "support@5", "--json").json().path("tags").isEmpty()).isTrue();
  }

  @Test
  void badInputIsSaidWithItsRemedy() {
    refused("no such model", "Did you mean 'support'?", "show", "suport@1");
    refused("no such version", "support@7", "show", "support@99");
    refused("not a model reference", "NAME@N", "show", "support@@");
    refused("nothing was promoted", "promote", "show", "sales@nobody");
    refused("not an alias", "begin", "promote", "support@1", "--alias", "3");
    refused("not a time", "2026-11-21", "show", "support", "--at", "yesterday");
    refused("only an alias", "NAME@ALIAS", "show", "support@1", "--at", "2026-11-21T15:30:00Z");
    refused("no version at that time", "history", "show", "sales@x", "--at", "2020-01-01");
    refused("no such model", "Known", "history", "nothing-like-it");
    refused("no such model", "list", "rollback", "nothing-like-it");
    refused("no such run", "", "register", "nothing");
    refused("control characters", "Leave", "rollback", "support", "--reason", "\u001b[2J");
    refused("missing", "help", "promote");
  }

  private static void refused(String what, String remedy, String... arguments) {
    var ran = run(arguments).refused();
    assertThat(ran.err()).containsIgnoringCase(what).contains(remedy);
  }

  @Test
  void badBodiesAreAnsweredAsBadInput() throws Exception {
    for (var body : List.of("{}", "{\"version\":\"support@1\"}", "nonsense", "[]")) {
      for (var path : List.of("promote", "rollback", "protect", "register")) {
        assertThat(post(path, body)).as(path + " " + body).isEqualTo(400);
      }
    }
  }

  private static int post(String path, String body) throws Exception {
    try (var http = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create(owner.record().address() + "/api/models/" + path))
              .header("Authorization", "Bearer " + owner.record().token())
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build();
      return http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    }
  }

  private static CommandLineHome.Ran run(String... arguments) {
    var line = new String[arguments.length + 1];
    line[0] = "models";
    System.arraycopy(arguments, 0, line, 1, arguments.length);
    return CommandLineHome.run(new Home(folder), line);
  }
}
