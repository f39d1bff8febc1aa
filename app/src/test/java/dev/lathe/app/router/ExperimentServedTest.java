package dev.lathe.app.router;

import static dev.lathe.app.router.ServedHome.body;
import static dev.lathe.app.router.ServedHome.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** An experiment between two models of a provider, from the first question to the verdict. */
class ExperimentServedTest {
  @TempDir Path folder;

  private static HttpResponse<String> send(ServedHome home, String method, String path, String body)
      throws Exception {
    return home.http()
        .send(
            home.request(path)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode ok(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return json(answer);
  }

  @Test
  void usersAreAnsweredByTheirArmAndWhatTheySayDecides() throws Exception {
    try (var upstream = StandInUpstream.start();
        var home = ServedHome.start(folder, ServedHome.lab(upstream))) {
      ok(
          send(
              home,
              "POST",
              "/api/experiments",
              "{\"id\":\"voice\",\"arms\":[{\"target\":\"lab:instant\"},{\"target\":\"lab:org/big\"}]}"));
      assertThat(home.get("/v1/models").body()).contains("\"voice\"");
      var arms = new HashMap<String, String>();
      for (int i = 0; i < 80; i++) {
        var user = "u-" + i % 40;
        var answer = home.post(body("voice", ",\"user\":\"" + user + "\""));
        var id = ok(answer).path("id").asString();
        assertThat(answer.headers().firstValue("x-lathe-experiment")).hasValue("voice");
        var arm = answer.headers().firstValue("x-lathe-arm").orElseThrow();
        var route = answer.headers().firstValue("x-lathe-route").orElseThrow();
        assertThat(route).isEqualTo(arm.equals("0") ? "lab:instant" : "lab:org/big");
        assertThat(arms.merge(user, arm, (before, now) -> before)).as(user).isEqualTo(arm);
        var said =
            "{\"id\":\"" + id + "\",\"thumb\":\"" + (arm.equals("1") ? "up" : "down") + "\"}";
        assertThat(ok(send(home, "POST", "/api/feedback", said)).path("experiment").asString())
            .as("feedback does not wait for the request log")
            .isEqualTo("voice");
      }

      assertThat(home.get("/api/experiments/voice?phase=x").statusCode()).isEqualTo(400);
      assertThat(home.get("/api/experiments/voice?phase=2").statusCode()).isEqualTo(400);
      assertThat(home.get("/api/experiments/nothing").statusCode()).isEqualTo(404);
      var report = settled(home, 80);

      assertThat(report.path("arms").valueStream().mapToInt(a -> a.path("subjects").asInt()).sum())
          .isEqualTo(40);
      assertThat(report.path("arms").path(1).path("mean").asDouble()).isEqualTo(1);
      assertThat(report.path("arms").path(0).path("latencyMs").path("p50").asDouble()).isPositive();
      assertThat(report.path("difference").path("low").asDouble()).isPositive();
      assertThat(report.path("verdict").asString())
          .startsWith("lab:org/big is better than lab:instant by 1.00 [0.");

      ok(send(home, "POST", "/api/experiments/voice/stop", "{}"));
      for (int i = 0; i < 10; i++) {
        var answer = home.post(body("voice", ",\"user\":\"u-" + i + "\""));
        assertThat(answer.headers().firstValue("x-lathe-route")).hasValue("lab:instant");
        var id = ok(answer).path("id").asString();
        var kept = send(home, "POST", "/api/feedback", "{\"id\":\"" + id + "\",\"rating\":5}");
        assertThat(ok(kept).path("experiment").isNull()).isTrue();
      }
      assertThat(home.get("/v1/models").body()).doesNotContain("\"voice\"");
      assertThat(settled(home, 80).path("arms").path(0).path("mean").asDouble()).isZero();
    }
  }

  @Test
  void whatNobodyAnswersCannotBeAnArm() throws Exception {
    try (var upstream = StandInUpstream.start();
        var home = ServedHome.start(folder, ServedHome.lab(upstream))) {
      for (var target : new String[] {"lap:instant", "lab:", "nothing@champion", "nothing"}) {
        var refused =
            send(
                home,
                "POST",
                "/api/experiments",
                "{\"id\":\"voice\",\"arms\":[{\"target\":\"lab:instant\"},{\"target\":\""
                    + target
                    + "\"}]}");
        assertThat(refused.statusCode()).as(target + refused.body()).isEqualTo(400);
      }
      assertThat(json(home.get("/api/experiments")).path("items")).isEmpty();
    }
  }

  /** The report, once the request log has written as many rows. */
  private static JsonNode settled(ServedHome home, int exposures) throws Exception {
    for (int i = 0; ; i++) {
      var report = ok(home.get("/api/experiments/voice"));
      int there =
          report.path("arms").valueStream().mapToInt(a -> a.path("exposures").asInt()).sum();
      if (there == exposures || i == 100) {
        assertThat(there).isEqualTo(exposures);
        return report;
      }
      Thread.sleep(50);
    }
  }
}
