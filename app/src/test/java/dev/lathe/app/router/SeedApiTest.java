package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The older systems' API, endpoint by endpoint (REQUIREMENTS, section 10). */
class SeedApiTest {
  @TempDir static Path folder;
  private static StandInUpstream upstream;
  private static ServedHome home;

  @BeforeAll
  static void start() throws Exception {
    upstream = StandInUpstream.start();
    home =
        ServedHome.start(
            folder.resolve("home"),
            """
            providers:
              lab: {type: openai, baseUrl: "%s/v1", models: [instant]}
            ai: {maxMessage: 20, seconds: 0.4, refuse: ["pass ?word"], topP: 0.9}
            """
                .formatted(upstream.root()));
  }

  @AfterAll
  static void stop() throws IOException {
    home.close();
    upstream.close();
  }

  private static HttpResponse<String> send(String method, String path, String body)
      throws Exception {
    return home.http()
        .send(
            home.request("/api/ai/" + path)
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
  }

  private static JsonNode generate(String body, int status) throws Exception {
    var answer = send("POST", "generate", body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return ServedHome.json(answer);
  }

  @Test
  void postGenerateAnswersWithItsFourFields() throws Exception {
    assertThat(generate("{\"message\":\"hi\",\"model\":\"auto\"}", 200).toString())
        .isEqualTo(
            """
            {"response":"one two three four five","model_used":"lab:instant","fallback_mode":false,"tokens_used":14}""");
    var sent = upstream.asked.getLast().json();
    assertThat(sent.path("max_tokens").intValue()).isEqualTo(512);
    assertThat(sent.path("temperature").doubleValue()).isEqualTo(0.7);
    assertThat(sent.path("top_p").doubleValue()).isEqualTo(0.9);
    assertThat(sent.has("top_k")).isFalse();
  }

  @Test
  void postGenerateTakesTheOtherSystemsOptionsToo() throws Exception {
    generate(
        """
        {"message":"hi","model":"lab:instant","max_tokens":7,"max_length":9,"temperature":0,"top_k":3,
         "top_p":0.5,"repetition_penalty":1.1,"seed":42,"stop_sequences":["x"]}""",
        200);
    var sent = upstream.asked.getLast().json();
    assertThat(sent.path("max_tokens").intValue()).isEqualTo(7);
    assertThat(sent.path("top_k").intValue()).isEqualTo(3);
    assertThat(sent.path("repeat_penalty").doubleValue()).isEqualTo(1.1);
    assertThat(sent.path("seed").intValue()).isEqualTo(42);
    assertThat(sent.path("stop").toString()).isEqualTo("[\"x\"]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|400|message is required",
        "{\"message\":\" \"}|400|message is required",
        "{\"message\":\"123456789012345678901\"}|400|message is too long: 21 characters, at most 20",
        "{\"message\":\"my PASSWORD\"}|400|message is refused",
        "{\"message\":\"hi\",\"model\":\"no-such\"}|404|Model file not found",
        "{\"message\":\"hi\",\"temperature\":9}|400|",
        "nonsense|400|The body cannot be read as JSON",
        "{\"message\":\"hi\",\"model\":\"lab:silent\"}|504|No answer within 0 s",
      })
  void postGenerateSaysWhatIsWrong(String body, int status, String error) throws Exception {
    assertThat(generate(body, status).path("error").stringValue())
        .startsWith(error == null ? "" : error);
  }

  @Test
  void postGenerateWithNobodyThereSaysSoToTheLetter() throws Exception {
    send("PUT", "strategy", "{\"strategy\":\"claude_only\"}");
    try {
      assertThat(generate("{\"message\":\"hi\"}", 503).toString())
          .isEqualTo(
              "{\"error\":\"No AI service available\",\"note\":\"Please check configuration\"}");
    } finally {
      send("PUT", "strategy", "{\"strategy\":\"local_fallback\"}");
    }
  }

  @Test
  void getModelsListsThemWithTheirStatus() throws Exception {
    assertThat(send("GET", "models", "").body())
        .isEqualTo("{\"models\":[{\"name\":\"lab:instant\",\"status\":\"available\"}]}");
  }

  @Test
  void aProvidersModelIsNotLoadedAndAnUnknownOneIsNoFile() throws Exception {
    for (var what : new String[] {"load", "unload"}) {
      assertThat(send("POST", "models/lab:instant/" + what, "").statusCode()).isEqualTo(400);
      assertThat(send("POST", "models/nowhere/" + what, "").body())
          .startsWith("{\"error\":\"Model file not found\"");
    }
    assertThat(send("GET", "models/nowhere", "").statusCode()).isEqualTo(404);
    assertThat(send("POST", "models/unload-all", "").body()).isEqualTo("{\"unloaded\":[]}");
  }

  @Test
  void getHealthAndPutFallback() throws Exception {
    assertThat(send("PUT", "fallback", "{\"active\":false}").body())
        .isEqualTo("{\"fallback_active\":false}");
    assertThat(send("GET", "health", "").body())
        .startsWith("{\"status\":\"healthy\"")
        .endsWith("\"fallback_active\":false,\"models_available\":1}");
    send("PUT", "fallback", "{\"active\":true}");
    assertThat(send("PUT", "fallback", "{}").statusCode()).isEqualTo(400);
  }

  @Test
  void getStatusAndPutStrategy() throws Exception {
    for (var name :
        new String[] {"claude_only", "hybrid", "local_only", "remote_fallback", "local_fallback"}) {
      assertThat(send("PUT", "strategy", "{\"strategy\":\"" + name + "\"}").body())
          .isEqualTo(
              "{\"claude\":{\"available\":false},\"local\":{\"available\":false},\"strategy\":\"%s\"}"
                  .formatted(name));
    }
    assertThat(send("PUT", "strategy", "{\"strategy\":\"fast\"}").statusCode()).isEqualTo(400);
    assertThat(send("GET", "status", "").body()).contains("\"strategy\":\"local_fallback\"");
  }
}
