package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome.Ran;
import dev.lathe.app.api.ApiServer;
import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** Experiments and feedback from the outside: commands, and HTTP as applications speak it. */
class ExperimentsTest {
  private static final String TOKEN = "0123456789abcdef";
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path folder;

  @BeforeEach
  void twoBases() throws Exception {
    var store = new BaseStore(folder.resolve("bases"));
    TinyBase.create(store);
    try (var files = Files.walk(folder.resolve("bases/tiny"))) {
      for (var file : files.toList()) {
        var copy =
            folder
                .resolve("bases/small")
                .resolve(folder.resolve("bases/tiny").relativize(file).toString());
        Files.copy(file, copy);
      }
    }
  }

  @Test
  void theCommandsStartShowWeighAndStop() {
    var started =
        run("experiment", "start", "voice", "--arm", "tiny", "--arm", "small=3", "--json");
    assertThat(started.status()).as(started.err()).isZero();
    var report = started.json();
    for (var key :
        List.of("id", "state", "arms", "difference", "pValue", "sampleRatio", "verdict")) {
      assertThat(report.has(key)).as(key).isTrue();
    }
    for (var key :
        List.of(
            "target",
            "weight",
            "subjects",
            "exposures",
            "feedback",
            "mean",
            "latencyMs",
            "errors",
            "cost")) {
      assertThat(report.path("arms").path(1).has(key)).as(key).isTrue();
    }
    assertThat(report.path("arms").path(1).path("weight").asDouble()).isEqualTo(3);

    assertThat(run("experiment", "show", "voice").out())
        .contains("running", "tiny", "small", "too early", "Clients ask for the model 'voice'");
    assertThat(run("experiment", "list").out()).contains("voice", "tiny=1 small=3");
    var weighed = run("experiment", "weights", "voice", "small=1", "--json");
    assertThat(weighed.json().path("phase").asInt()).isEqualTo(2);
    assertThat(run("experiment", "show", "voice", "--phase", "1").out()).contains("phase 1 of 2");
    assertThat(run("experiment", "stop", "voice").out())
        .contains("stopped", "The name is answered by tiny now.");
  }

  @Test
  void whatCannotBeStartedIsSaid() {
    bad("Did you mean 'tiny'?", "experiment", "start", "voice", "--arm", "tiny", "--arm", "tinyy");
    bad("belongs to a base", "experiment", "start", "small", "--arm", "tiny", "--arm", "small");
    bad("2 to 8 arms", "experiment", "start", "voice", "--arm", "tiny");
    bad("no number", "experiment", "start", "voice", "--arm", "tiny=x", "--arm", "small");
    bad("positive", "experiment", "start", "voice", "--arm", "tiny=0", "--arm", "small");
    bad("positive", "experiment", "start", "voice", "--arm", "tiny=NaN", "--arm", "small");
    bad("cannot have this id", "experiment", "start", "A b", "--arm", "tiny", "--arm", "small");
    bad("no such experiment", "experiment", "show", "voice");
    bad("no weight", "experiment", "weights", "voice", "tiny");
    assertThat(run("experiment", "start", "voice", "--arm", "tiny", "--arm", "small").status())
        .isZero();
    bad("Did you mean 'voice'?", "experiment", "stop", "voise");
    var again = run("experiment", "start", "voice", "--arm", "small", "--arm", "tiny");
    assertThat(again.status()).as("well asked, and the state of things is against it").isEqualTo(1);
    assertThat(again.err()).contains("exists already");
    bad("which one", "experiment");
  }

  @Test
  void anApplicationSaysWhatItsUsersThinkOfAnAnswer() throws Exception {
    run("experiment", "start", "voice", "--arm", "tiny", "--arm", "small");
    answered("chatcmpl-1", 1);
    HomeServer.Running server = new ApiServer().start(new Home(folder), Door.closed(TOKEN, 0));
    try {
      var kept = post(server, "{\"id\": \"chatcmpl-1\", \"thumb\": \"up\", \"comment\": \"ja\"}");
      assertThat(kept.statusCode()).as(kept.body()).isEqualTo(200);
      var said = JsonMapper.shared().readTree(kept.body());
      assertThat(said.path("reward").asDouble()).isEqualTo(1);
      assertThat(said.path("experiment").asString()).isEqualTo("voice");

      assertThat(post(server, "{\"id\": \"chatcmpl-2\", \"thumb\": \"up\"}").statusCode())
          .isEqualTo(404);
      for (var bad :
          List.of(
              "{",
              "[]",
              "{}",
              "{\"id\": \"chatcmpl-1\"}",
              "{\"thumb\": \"up\"}",
              "{\"id\": \"chatcmpl-1\", \"thumb\": \"sideways\"}",
              "{\"id\": \"chatcmpl-1\", \"thumb\": \"up\", \"value\": 1}",
              "{\"id\": \"chatcmpl-1\", \"rating\": 6}",
              "{\"id\": \"chatcmpl-1\", \"value\": \"NaN\"}",
              "{\"id\": \"chatcmpl-1\", \"value\": 1e999}",
              "{\"id\": \"chatcmpl-1\", \"value\": 0.5, \"commend\": \"x\"}",
              "{\"id\": {\"a\": 1}, \"value\": 0.5}",
              "{\"id\": \"chatcmpl-1\\u0000\", \"value\": 0.5}")) {
        var answer = post(server, bad);
        assertThat(answer.statusCode()).as(bad + " -> " + answer.body()).isEqualTo(400);
        assertThat(answer.body()).contains("\"remedy\"");
      }
    } finally {
      server.close();
    }
    var report = run("experiment", "show", "voice", "--json").json();
    assertThat(report.path("arms").path(1).path("feedback").asInt()).isEqualTo(1);
    assertThat(report.path("arms").path(1).path("mean").asDouble()).isEqualTo(1);
  }

  /** An answer as the router records it. */
  private void answered(String id, int arm) {
    var pool =
        JdbcConnectionPool.create("jdbc:h2:file:" + folder.resolve("database/lathe"), "sa", "");
    try {
      JdbcClient.create(pool)
          .sql(
              "INSERT INTO requests (id, at, asked, target, experiment, phase, arm, subject,"
                  + " streamed, status, latency_ms) VALUES (?, CURRENT_TIMESTAMP, 'voice', 'small',"
                  + " 'voice', 1, ?, 's', FALSE, 200, 12)")
          .params(id, arm)
          .update();
    } finally {
      pool.dispose();
    }
  }

  private static HttpResponse<String> post(HomeServer.Running server, String body)
      throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create(server.address() + "/api/feedback"))
            .header("Authorization", "Bearer " + TOKEN)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private void bad(String told, String... arguments) {
    var ran = run(arguments);
    assertThat(ran.status()).as(String.join(" ", arguments)).isEqualTo(2);
    assertThat(ran.err()).contains(told);
  }

  private Ran run(String... arguments) {
    return CommandLineHome.run(new Home(folder), arguments);
  }
}
