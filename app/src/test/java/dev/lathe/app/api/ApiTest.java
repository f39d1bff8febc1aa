package dev.lathe.app.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiTest {
  private static final String TOKEN = "0123456789abcdef";

  @TempDir static Path folder;
  private static HomeServer.Running server;
  private static final HttpClient http = HttpClient.newHttpClient();

  @BeforeAll
  static void start() {
    server = new ApiServer().start(new Home(folder), TOKEN, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
    http.close();
  }

  private static HttpResponse<String> get(String path, String token) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(server.address() + path));
    if (!token.isEmpty()) {
      request.header("Authorization", token);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void whoBearsTheTokenIsAnswered() throws Exception {
    var answer = get("/api/health", "Bearer " + TOKEN);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("\"home\"");
  }

  @ParameterizedTest
  @CsvSource({"''", "Bearer", "Bearer 0123456789abcdeg", "Bearer 0123", "Basic 0123456789abcdef"})
  void whoDoesNotIsRefused(String token) throws Exception {
    var answer = get("/api/health", token);
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.body()).contains("\"what\"").doesNotContain(TOKEN);
  }

  @Test
  void clientsOfAnthropicsBearItInTheirOwnHeaderAndAreRefusedInTheirForm() throws Exception {
    var asked = HttpRequest.newBuilder(URI.create(server.address() + "/v1/messages"));
    var body = HttpRequest.BodyPublishers.ofString("{\"max_tokens\":1}");
    for (var key : new String[] {TOKEN, "another"}) {
      var answer =
          http.send(
              asked.copy().header("x-api-key", key).POST(body).build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(key.equals(TOKEN) ? 400 : 401);
      assertThat(answer.body())
          .startsWith("{\"type\":\"error\",\"error\":{\"type\":")
          .contains(key.equals(TOKEN) ? "messages" : "authentication_error");
    }
  }

  @Test
  void aHostNameThatWasReboundToLoopbackIsRefused() throws Exception {
    try (var socket = new java.net.Socket("127.0.0.1", server.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              ("GET /api/health HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer "
                      + TOKEN
                      + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 403").doesNotContain("\"home\"");
    }
  }

  @ParameterizedTest
  @CsvSource({"input,400", "missing,404", "conflict,409", "disk,507", "other,500"})
  void anErrorBeforeTheFirstLineHasAStatusOfItsOwn(String how, int status) throws Exception {
    var answer = get("/api/counting/fail?late=false&how=" + how, "Bearer " + TOKEN);
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).startsWith("{\"error\":{").contains("\"remedy\"");
  }

  @ParameterizedTest
  @CsvSource({"input,400", "conflict,409", "other,500"})
  void anErrorInMidStreamIsItsLastLine(String how, int status) throws Exception {
    var answer = get("/api/counting/fail?late=true&how=" + how, "Bearer " + TOKEN);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body().lines())
        .hasSize(2)
        .last()
        .asString()
        .startsWith("{\"error\":")
        .contains("\"status\":" + status);
  }

  @Test
  void whatDoesNotExistIsAnErrorOfTheSameShape() throws Exception {
    var answer = get("/api/nothing", "Bearer " + TOKEN);
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).contains("\"error\"").contains("\"remedy\"");
  }

  @Test
  void stackTracesGoToTheLogAndNotToUsers() throws Exception {
    var answer = get("/api/counting/fail?late=false&how=other", "Bearer " + TOKEN);
    assertThat(answer.body()).doesNotContain("\tat ").doesNotContain("dev.lathe");
    assertThat(Files.readString(new Home(folder).log())).contains("CancellationException");
  }
}
