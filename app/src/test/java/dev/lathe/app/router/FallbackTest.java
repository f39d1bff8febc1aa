package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Strategies, fallbacks, groups and breakers, from outside. */
class FallbackTest {
  @TempDir static Path folder;
  private static StandInUpstream bad;
  private static StandInUpstream good;
  private static ServedHome home;

  @BeforeAll
  static void start() throws Exception {
    bad = StandInUpstream.start();
    good = StandInUpstream.start();
    home =
        ServedHome.start(
            folder.resolve("home"),
            """
            providers:
              a: {type: openai, baseUrl: "%s/v1", models: [first], timeoutSeconds: 1}
              b: {type: openai, baseUrl: "%s/v1", models: [second]}
              down: {type: openai, baseUrl: "http://127.0.0.1:9/v1"}
              far: {type: openai, baseUrl: "http://192.0.2.1/v1"}
              many:
                type: openai
                baseUrl: "%s/v1"
                endpoints: {east: {apiKey: k1}, west: {apiKey: k2}, gone: {baseUrl: "http://127.0.0.1:9/v1"}}
            prices:
              "a:503": {input: 1, output: 1}
              "b:second": {input: 0.1, output: 0.1}
            routing:
              strategy: remote_fallback
              remote: ["a:503", "b:second"]
              fallbacks:
                "a:silent": ["b:second"]
                "a:broken": ["b:second"]
                "a:broken-early": ["b:second"]
                "a:error-event": ["b:second"]
                "a:garbage": ["b:second"]
                "a:error-200": ["b:second"]
                "a:redirect": ["b:second"]
                "a:401": ["b:second"]
                "a:503": ["b:second"]
                "down:x": ["a:503", "b:second"]
                "a:429": ["b:second"]
              groups:
                pair: {"a:one": 3, "b:one": 1}
                half: {"down:y": 1, "b:one": 1}
                out: {"a:one": 1, "far:x": 5}
              rules:
                bobs: {users: [bob], use: ["b:bobs"]}
              breaker: {failures: 3, coolSeconds: 0.3, longestSeconds: 1}
            """
                .formatted(bad.root(), good.root(), good.root()));
  }

  @AfterAll
  static void stop() throws IOException {
    home.close();
    bad.close();
    good.close();
  }

  private static String route(HttpResponse<String> answer) {
    return answer.headers().firstValue("x-lathe-route").orElse("");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a:silent", "a:garbage", "a:redirect", "a:401", "a:503", "a:429", "down:x"})
  void whatGivesNoAnswerIsReplacedBeforeTheFirstByte(String model) throws Exception {
    var whole = home.ask(model);
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(route(whole)).startsWith("b:second; tried=\"" + model + " ");
    assertThat(whole.headers().firstValue("x-lathe-fallback")).hasValue("true");
    assertThat(ServedHome.json(whole).path("model").stringValue()).isEqualTo(model);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a:broken", "a:error-200"})
  void aWholeAnswerThatBreaksIsReplaced(String model) throws Exception {
    var whole = home.ask(model);
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(route(whole)).startsWith("b:second; tried=");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a:broken-early", "a:error-event", "a:503", "a:429", "a:garbage"})
  void aStreamThatFailsBeforeItsFirstEventIsReplaced(String model) throws Exception {
    var stream = home.stream(model);
    assertThat(stream.statusCode()).isEqualTo(200);
    assertThat(stream.body()).contains("five").endsWith("data: [DONE]\n\n");
    assertThat(route(stream)).startsWith("b:second; tried=");
  }

  @Test
  void whenNobodyAnswersTheLastProblemIsTold() throws Exception {
    var down = home.ask("down:alone");
    assertThat(down.statusCode()).isEqualTo(503);
    assertThat(ServedHome.error(down).path("code").stringValue()).isEqualTo("upstream_unavailable");
  }

  @Test
  void autoFollowsTheStrategyAndSaysWhy() throws Exception {
    var answer = home.ask("auto");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(route(answer)).startsWith("b:second; rule=\"remote_fallback: ");
    assertThat(answer.headers().firstValue("x-lathe-fallback")).hasValue("true");
    var bob = home.post(ServedHome.body("auto", ",\"user\":\"bob\""));
    assertThat(route(bob)).isEqualTo("b:bobs; rule=\"rule bobs\"");
    assertThat(bob.headers().firstValue("x-lathe-fallback")).isEmpty();
  }

  @Test
  void oneRequestCanHaveAStrategyOfItsOwn() throws Exception {
    var none =
        home.http()
            .send(
                home.chat(ServedHome.body("auto", ""))
                    .header("x-lathe-strategy", "local_only")
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    // Both stand-ins are loopback's: nothing leaves the machine.
    assertThat(none.statusCode()).isEqualTo(200);
    var wrong =
        home.http()
            .send(
                home.chat(ServedHome.body("auto", "")).header("x-lathe-strategy", "hybird").build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(wrong.body()).contains("hybrid");
  }

  @ParameterizedTest
  @ValueSource(strings = {"privacy", "local_only"})
  void whatMustNotLeaveThisMachineDoesNot(String strategy) throws Exception {
    for (int i = 0; i < 8; i++) { // the heavier target of the group is another machine's
      assertThat(route(with(strategy, "out"))).isEqualTo("a:one; rule=\"group out\"");
    }
    assertThat(with(strategy, "a:one").statusCode()).isEqualTo(200);
    if (strategy.equals("privacy")) {
      var refused = with(strategy, "far:x");
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(ServedHome.error(refused).path("code").stringValue())
          .isEqualTo("leaves_this_machine");
    }
  }

  private static HttpResponse<String> with(String strategy, String model) throws Exception {
    return home.http()
        .send(
            home.chat(ServedHome.body(model, "")).header("x-lathe-strategy", strategy).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void costIsToldByThePricesOfTheConfiguration() throws Exception {
    for (var choice : ServedHome.json(home.get("/api/router")).path("candidates")) {
      if (choice.path("name").stringValue().equals("b:second")) {
        assertThat(choice.path("usd").doubleValue()).isEqualTo(0.00015);
      }
    }
    assertThat(ServedHome.json(home.get("/api/router")).path("candidates").toString())
        .contains("\"usd\":1.5E-4");
  }

  @Test
  void aGroupSharesByWeightAndGoesRoundWhatIsDown() throws Exception {
    var seen = new HashSet<String>();
    int first = 0;
    for (int i = 0; i < 60; i++) {
      var route = route(home.ask("pair"));
      seen.add(route);
      first += route.startsWith("a:one") ? 1 : 0;
    }
    assertThat(seen).isEqualTo(Set.of("a:one; rule=\"group pair\"", "b:one; rule=\"group pair\""));
    assertThat(first).isBetween(30, 58);
    for (int i = 0; i < 12; i++) {
      var half = home.ask("half");
      assertThat(half.statusCode()).isEqualTo(200);
      assertThat(route(half)).startsWith("b:one");
    }
  }

  @Test
  void aProvidersEndpointsShareItsRequestsAndStandInForEachOther() throws Exception {
    var keys = new HashSet<String>();
    for (int i = 0; i < 40; i++) {
      var answer = home.ask("many:x");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(route(answer)).startsWith("many:x");
      assertThat(answer.headers().firstValue("x-lathe-fallback")).isEmpty();
      keys.add(good.asked.getLast().head().replaceAll("(?s).*bearer (k.).*", "$1"));
    }
    assertThat(keys).isEqualTo(Set.of("k1", "k2"));
  }

  @Test
  void aBreakerOpensAndClosesAgain() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(ServedHome.error(home.ask("a:error-200")).isMissingNode()).isTrue();
    }
    int asked = bad.asked.size();
    assertThat(route(home.ask("a:error-200"))).contains("503 target_rests");
    assertThat(bad.asked).as("nobody asked it").hasSize(asked);
    var told = ServedHome.json(home.get("/api/router")).path("targets").toString();
    assertThat(told).contains("\"target\":\"a:error-200\",\"state\":\"open\"");
    Thread.sleep(400);
    assertThat(route(home.ask("a:error-200"))).contains("502");
    assertThat(bad.asked).as("one tried").hasSize(asked + 1);
  }

  @Test
  void theStrategyAndFallbackAreSwitchedWhileItRuns() throws Exception {
    put("strategy", "{\"strategy\":\"local_only\"}");
    assertThat(ServedHome.json(home.get("/api/router")).path("strategy").stringValue())
        .isEqualTo("local_only");
    put("fallback", "{\"active\":false}");
    try {
      assertThat(home.ask("a:garbage").statusCode()).isNotEqualTo(200);
      assertThat(folder.resolve("home/switches.json")).content().contains("local_only");
    } finally {
      put("fallback", "{\"active\":true}");
      put("strategy", "{}");
    }
    assertThat(put("strategy", "{\"strategy\":\"fastest\"}")).contains("there is no such strategy");
  }

  private static String put(String what, String body) throws Exception {
    return home.http()
        .send(
            home.request("/api/router/" + what)
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  @Test
  void aPlanIsToldWithoutAskingAnybody() throws Exception {
    int asked = good.asked.size() + bad.asked.size();
    var told =
        home.http()
            .send(
                home.request("/api/router/explain")
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(ServedHome.body("auto", "")))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(told.statusCode()).isEqualTo(200);
    assertThat(ServedHome.json(told).path("plan").path("preferred").stringValue())
        .isEqualTo("a:503");
    assertThat(good.asked.size() + bad.asked.size()).isEqualTo(asked);
  }
}
