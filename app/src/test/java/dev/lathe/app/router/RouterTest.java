package dev.lathe.app.router;

import static dev.lathe.app.router.ServedHome.body;
import static dev.lathe.app.router.ServedHome.error;
import static dev.lathe.app.router.ServedHome.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class RouterTest {
  @TempDir static Path folder;
  private static StandInUpstream upstream;
  private static ServedHome home;

  @BeforeAll
  static void start() throws Exception {
    upstream = StandInUpstream.start();
    home = ServedHome.start(folder, ServedHome.lab(upstream));
  }

  @AfterAll
  static void stop() throws Exception {
    home.close();
    upstream.close();
  }

  @Test
  void anAnswerIsPassedOnUnderOurIdAndTheNameThatWasAsked() throws Exception {
    var answer = home.ask("lab:instant");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    var id = json(answer).path("id").asString();
    assertThat(id).startsWith("chatcmpl-").isNotEqualTo("chatcmpl-upstream");
    assertThat(answer.headers().firstValue("x-lathe-id")).hasValue(id);
    assertThat(answer.headers().firstValue("x-lathe-route")).hasValue("lab:instant");
    assertThat(json(answer).path("model").asString()).isEqualTo("lab:instant");
    assertThat(json(answer).path("system_fingerprint").asString()).isEqualTo("fp_1");
    assertThat(answer.body()).contains("one two three four five").doesNotContain("theirs");
    assertThat(json(home.ask("lab:instant")).path("id").asString()).isNotEqualTo(id);
  }

  @Test
  void theUpstreamGetsWhatTheClientSentWithItsOwnModelAndKey() throws Exception {
    upstream.asked.clear();
    home.post(body("lab:org/big", ",\"zz_unknown\":[1.50],\"temperature\":0.5"));
    var asked = upstream.asked.getLast();
    assertThat(asked.body())
        .isEqualTo(body("org/big", ",\"zz_unknown\":[1.50],\"temperature\":0.5"));
    assertThat(asked.head())
        .contains("post /v1/chat/completions")
        .contains("authorization: bearer k3y");
  }

  @Test
  void aStreamIsPassedOnEventByEvent() throws Exception {
    var answer = home.stream("lab:instant");
    assertThat(answer.headers().firstValue("content-type").orElse(""))
        .startsWith("text/event-stream");
    var events = answer.body().lines().filter(l -> !l.isEmpty()).toList();
    assertThat(events).last().isEqualTo("data: [DONE]");
    var id = answer.headers().firstValue("x-lathe-id").orElseThrow();
    assertThat(events.subList(0, events.size() - 1))
        .hasSize(6)
        .allMatch(
            e -> e.contains("\"id\":\"" + id + "\"") && e.contains("\"model\":\"lab:instant\""));
  }

  @Test
  void eventsComeWhenTheUpstreamSaysThemAndNotAtTheEnd() throws Exception {
    var request = home.chat(body("lab:slow", ",\"stream\":true")).build();
    var answer = home.http().send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream in = answer.body()) {
      assertThat(in.read()).isEqualTo('d');
      assertThat(in.available()).as("later events are still to come").isLessThan(400);
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).endsWith("[DONE]\n\n");
    }
  }

  @Test
  void anAnswerCanBeJudgedAsSoonAsItsIdIsRead() throws Exception {
    var request = home.chat(body("lab:slow", ",\"stream\":true")).build();
    var answer = home.http().send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (var stream = answer.body()) {
      var id = answer.headers().firstValue("x-lathe-id").orElseThrow();
      var feedback =
          HttpRequest.newBuilder(home.server().address().resolve("/api/feedback"))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString("{\"id\":\"" + id + "\",\"thumb\":\"up\"}"))
              .build();
      assertThat(home.http().send(feedback, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
      assertThat(new String(stream.readAllBytes(), StandardCharsets.UTF_8)).endsWith("[DONE]\n\n");
    }
  }

  @Test
  void aStreamWithoutDoneButWithAFinishIsWhole() throws Exception {
    assertThat(home.stream("lab:no-done").body()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void aClientThatLeavesEndsTheUpstreamsWork() throws Exception {
    try (var socket = new Socket("127.0.0.1", home.server().address().getPort())) {
      var body = body("lab:endless", ",\"stream\":true");
      socket
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().read()).isEqualTo('H');
    }
    assertThat(upstream.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"broken", "garbled"})
  void aStreamThatBreaksOffEndsWithAnErrorEventAndNoDone(String model) throws Exception {
    var answer = home.stream("lab:" + model);
    assertThat(answer.statusCode()).isEqualTo(200);
    var events = answer.body().lines().filter(l -> !l.isEmpty()).toList();
    assertThat(events).hasSize(4);
    assertThat(events.getLast())
        .startsWith("data: {\"error\":{")
        .contains("upstream_broke_off", "'lab'");
  }

  @ParameterizedTest
  @CsvSource({
    "429,429,rate_limit_exceeded,slow down",
    "503,503,,overloaded",
    "401,502,upstream_refused_key,apiKey",
    "redirect,502,upstream_garbage,address",
    "garbage,502,upstream_garbage,address",
    "error-200,502,,not today",
    "broken,502,upstream_broke_off,Ask again",
    "silent,504,upstream_timeout,timeoutSeconds"
  })
  void anUpstreamsFailureHasOpenAisFormAndARemedy(
      String model, int status, String code, String says) throws Exception {
    var answer = home.ask("lab:" + model);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(error(answer).path("message").asString()).contains(says);
    assertThat(error(answer).path("type").asString()).isNotEmpty();
    assertThat(error(answer).has("param")).isTrue();
    assertThat(error(answer).path("code").asString("")).isEqualTo(code == null ? "" : code);
    assertThat(answer.body()).doesNotContain("k3y");
    if (status == 429) {
      assertThat(answer.headers().firstValue("retry-after")).hasValue("7");
    }
  }

  @ParameterizedTest
  @CsvSource({"429,429", "503,503", "broken-early,502", "error-event,502", "garbage,502"})
  void aStreamThatFailsBeforeItsFirstEventHasAStatusOfItsOwn(String model, int status)
      throws Exception {
    var answer = home.stream("lab:" + model);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(error(answer).path("message").asString()).isNotEmpty();
  }

  @Test
  void aConnectionThatIsClosedWithoutAWordIsAskedAgain() throws Exception {
    assertThat(home.ask("lab:instant").statusCode()).isEqualTo(200);
    upstream.drop(2);
    assertThat(home.ask("lab:instant").statusCode()).isEqualTo(200);
  }

  @Test
  void anUpstreamThatIsDownIsToldWithItsRemedy() throws Exception {
    var answer = home.ask("down:any");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(error(answer).path("code").asString()).isEqualTo("upstream_unavailable");
    assertThat(error(answer).path("message").asString())
        .contains("http://127.0.0.1:9/v1")
        .contains("lathe.yaml");
  }

  @Test
  void anUnknownModelIsAnsweredWithTheNearestAndTheList() throws Exception {
    var answer = home.ask("lba:instant");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(error(answer).path("code").asString()).isEqualTo("model_not_found");
    assertThat(error(answer).path("param").asString()).isEqualTo("model");
    assertThat(error(answer).path("message").asString()).contains("Did you mean 'lab:instant'?");
    assertThat(error(home.ask("nothing-like-it")).path("message").asString())
        .contains("Known: ", "lab:org/big");
  }

  @Test
  void badRequestsAreToldByFieldAndTheServerGoesOn() throws Exception {
    var hot = home.post(body("lab:instant", ",\"temperature\":9"));
    assertThat(hot.statusCode()).isEqualTo(400);
    assertThat(error(hot).path("param").asString()).isEqualTo("temperature");
    assertThat(home.post("{\"model\":").statusCode()).isEqualTo(400);
    assertThat(home.post("{\"model\":\"lab:instant\",\"messages\":[]}").statusCode())
        .isEqualTo(400);
    assertThat(home.ask("lab:instant").statusCode()).isEqualTo(200);
  }

  @Test
  void aBodyOf100MegabytesIsAnswered413AfterItWasSentAndTheServerGoesOn() throws Exception {
    long before = upstream.asked.size();
    try (var socket = new Socket("127.0.0.1", home.server().address().getPort())) {
      var out = socket.getOutputStream();
      int length = 100_000_000;
      out.write(
          ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                  + length
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      var piece = new byte[1_000_000];
      for (int i = 0; i < length / piece.length; i++) {
        out.write(piece);
      }
      var said = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(said).startsWith("HTTP/1.1 413").contains("request_too_large", "maxBodyMiB");
    }
    assertThat(upstream.asked).hasSize((int) before);
    assertThat(home.ask("lab:instant").statusCode()).isEqualTo(200);
  }

  @Test
  void aBodyOfUnknownLengthIsHeldToTheLimitToo() throws Exception {
    var request =
        home.request("/v1/chat/completions")
            .POST(
                HttpRequest.BodyPublishers.ofInputStream(
                    () -> new java.io.ByteArrayInputStream(new byte[3_000_000])))
            .build();
    assertThat(home.http().send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(413);
  }

  @Test
  void modelsAreListedAndFound() throws Exception {
    var list = json(home.get("/v1/models"));
    assertThat(list.path("object").asString()).isEqualTo("list");
    assertThat(list.path("data").findValuesAsString("id")).contains("lab:instant", "lab:org/big");
    assertThat(json(home.get("/v1/models/lab:org/big")).path("id").asString())
        .isEqualTo("lab:org/big");
    assertThat(json(home.get("/v1/models/lab:org%2Fbig")).path("id").asString())
        .isEqualTo("lab:org/big");
    assertThat(home.get("/v1/models/nothing").statusCode()).isEqualTo(404);
  }

  @Test
  void whatIsNotServedIsAnsweredInOpenAisForm() throws Exception {
    var answer = home.get("/v1/chat/completions");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(error(answer).path("message").asString()).contains("GET /v1/chat/completions");
    assertThat(error(home.get("/v1/embeddings")).path("code").asString()).isEqualTo("unknown_url");
  }

  @Test
  void requestsAreLoggedWithinASecondOrSo() throws Exception {
    var id = json(home.post(body("lab:instant", ",\"user\":\"ann\""))).path("id").asString();
    long written = 0;
    for (int i = 0; i < 100 && written == 0; i++) {
      Thread.sleep(50);
      var log = json(home.get("/api/health")).path("requests");
      written = log.path("waiting").asInt() == 0 ? log.path("written").asLong() : 0;
    }
    assertThat(written).isPositive();
    assertThat(id).isNotEmpty();
  }

  @Test
  void programsOfThisMachineMayAskAndPagesOfOtherSitesMayNot() throws Exception {
    assertThat(home.get("/api/health").statusCode()).isEqualTo(200);
    for (var headers :
        new String[][] {
          {"Origin", "http://evil.example"},
          {"Origin", "http://localhost:3000"},
          {"Origin", "null"},
          {"Sec-Fetch-Site", "cross-site"},
          {"Sec-Fetch-Site", "same-site"}
        }) {
      var request = home.chat(body("lab:instant", "")).header(headers[0], headers[1]).build();
      var answer = home.http().send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(headers[1]).isEqualTo(403);
      assertThat(error(answer).path("message").asString()).contains("another site");
    }
    var own =
        home.chat(body("lab:instant", ""))
            .header("Origin", home.server().address().toString())
            .header("Sec-Fetch-Site", "same-origin")
            .build();
    assertThat(home.http().send(own, HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(200);
  }
}
