package dev.lathe.app.router;

import static dev.lathe.app.router.ServedHome.body;
import static dev.lathe.app.router.ServedHome.error;
import static dev.lathe.app.router.ServedHome.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A door with keys, as clients meet it. */
@Timeout(60)
class KeysTest {
  @TempDir static Path folder;
  private static StandInUpstream upstream;
  private static ServedHome home;

  /** An answer of the stand-in upstream takes 9 tokens of prompt and 5 of its own. */
  private static final String KEYS =
      """
      prices: {"lab:*": {input: 1000, output: 1000}}
      keys:
        shop: {secret: shop-shop-shop-shop, models: ["lab:inst*", "lab:slow"]}
        hashed: {sha256: "%s"}
        few: {secret: few-few-few-few-few, requestsPerMinute: 2}
        small: {secret: small-small-small-small, tokensPerMinute: 100}
        single: {secret: single-single-single, concurrency: 1}
        poor: {secret: poor-poor-poor-poor, budgetUsd: {month: 0.07}}
        broke: {secret: broke-broke-broke-broke, budgetUsd: {total: 0}}
      """
          .formatted(dev.lathe.checkpoints.files.Sha256.of("the-hashed-secret"));

  @BeforeAll
  static void start() throws Exception {
    upstream = StandInUpstream.start();
    home = ServedHome.start(folder, ServedHome.lab(upstream) + KEYS);
  }

  @AfterAll
  static void stop() throws Exception {
    home.close();
    upstream.close();
  }

  private static HttpResponse<String> ask(String key, String model, String more) throws Exception {
    var request = home.chat(body(model, more)).header("Authorization", "Bearer " + key).build();
    return home.http().send(request, HttpResponse.BodyHandlers.ofString());
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  @Test
  void whoeverBearsAKeyIsLetInWithEitherHeader() throws Exception {
    assertThat(ask("shop-shop-shop-shop", "lab:instant", "").statusCode()).isEqualTo(200);
    assertThat(ask("the-hashed-secret", "lab:instant", "").statusCode()).isEqualTo(200);
    var request =
        home.chat(body("lab:instant", "")).header("x-api-key", "shop-shop-shop-shop").build();
    assertThat(home.http().send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(200);
    assertThat(ask("t0ken", "lab:instant", "").statusCode()).as("the home's own").isEqualTo(200);
  }

  @Test
  void nobodyElseIs() throws Exception {
    var none = home.ask("lab:instant");
    assertThat(none.statusCode()).isEqualTo(401);
    assertThat(header(none, "www-authenticate")).isEqualTo("Bearer");
    assertThat(error(none).path("message").asString()).contains("didn't provide an API key");
    assertThat(error(none).path("type").asString()).isEqualTo("invalid_request_error");
    var wrong = ask("shop-shop-shop-shoq", "lab:instant", "");
    assertThat(wrong.statusCode()).isEqualTo(401);
    assertThat(error(wrong).path("code").asString()).isEqualTo("invalid_api_key");
    assertThat(wrong.body()).doesNotContain("shoq");
    assertThat(home.get("/v1/models").statusCode()).isEqualTo(401);
    assertThat(home.get("/api/health").statusCode()).as("this machine's own").isEqualTo(200);
  }

  @Test
  void aKeySeesAndAsksItsOwnModelsOnly() throws Exception {
    var answer = ask("shop-shop-shop-shop", "lab:org/big", "");
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(error(answer).path("code").asString()).isEqualTo("model_not_found");
    assertThat(error(answer).path("message").asString()).contains("'shop'", "lab:inst*");
    var request =
        home.request("/v1/models").header("Authorization", "Bearer shop-shop-shop-shop").build();
    var list = json(home.http().send(request, HttpResponse.BodyHandlers.ofString()));
    assertThat(list.path("data").findValuesAsString("id")).containsExactly("lab:instant");
  }

  @Test
  void requestsAMinuteAreCountedAndToldInOpenAisHeaders() throws Exception {
    var first = ask("few-few-few-few-few", "lab:instant", "");
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(header(first, "x-ratelimit-limit-requests")).isEqualTo("2");
    assertThat(header(first, "x-ratelimit-remaining-requests")).isEqualTo("1");
    assertThat(header(first, "x-ratelimit-reset-requests")).matches("30s|29\\.\\d+s");
    assertThat(ask("few-few-few-few-few", "lab:instant", "").statusCode()).isEqualTo(200);
    var third = ask("few-few-few-few-few", "lab:instant", "");
    assertThat(third.statusCode()).isEqualTo(429);
    assertThat(error(third).path("type").asString()).isEqualTo("requests");
    assertThat(error(third).path("code").asString()).isEqualTo("rate_limit_exceeded");
    assertThat(Integer.parseInt(header(third, "retry-after"))).isBetween(28, 30);
    assertThat(header(third, "x-ratelimit-remaining-requests")).isEqualTo("0");
    assertThat(ask("shop-shop-shop-shop", "lab:instant", "").statusCode())
        .as("another key's are its own")
        .isEqualTo(200);
  }

  @Test
  void tokensAMinuteAreHeldByEstimateAndCorrectedByTheAnswer() throws Exception {
    var answer = ask("small-small-small-small", "lab:instant", ",\"max_tokens\":80");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(header(answer, "x-ratelimit-limit-tokens")).isEqualTo("100");
    assertThat(Integer.parseInt(header(answer, "x-ratelimit-remaining-tokens")))
        .as("80 and the prompt are held")
        .isBetween(10, 19);
    assertThat(ask("small-small-small-small", "lab:instant", ",\"max_tokens\":75").statusCode())
        .as("what was held too much came back")
        .isEqualTo(200);
    var large = ask("small-small-small-small", "lab:instant", ",\"max_tokens\":500");
    assertThat(large.statusCode()).isEqualTo(429);
    assertThat(error(large).path("type").asString()).isEqualTo("tokens");
    assertThat(error(large).path("message").asString()).contains("Request too large");
  }

  @Test
  void atOneTimeAsManyAsTheKeyAllows() throws Exception {
    var request =
        home.chat(body("lab:slow", ",\"stream\":true"))
            .header("Authorization", "Bearer single-single-single")
            .build();
    var answer = home.http().send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (var in = answer.body()) {
      assertThat(in.read()).isEqualTo('d');
      var second = ask("single-single-single", "lab:instant", "");
      assertThat(second.statusCode()).isEqualTo(429);
      assertThat(error(second).path("message").asString()).contains("1 requests at one time");
      in.readAllBytes();
    }
    for (int i = 0; i < 200; i++) {
      if (ask("single-single-single", "lab:instant", "").statusCode() == 200) {
        return;
      }
    }
    throw new AssertionError("the place was not given back");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"stream\":true"})
  void aBudgetEndsWithInsufficientQuotaAndClientsAreToldNotToTryAgain(String more)
      throws Exception {
    var broke = ask("broke-broke-broke-broke", "lab:instant", more);
    assertThat(broke.statusCode()).isEqualTo(429);
    assertThat(error(broke).path("type").asString()).isEqualTo("insufficient_quota");
    assertThat(error(broke).path("code").asString()).isEqualTo("insufficient_quota");
    assertThat(header(broke, "x-should-retry")).isEqualTo("false");
    assertThat(header(broke, "retry-after")).isEmpty();
  }

  @Test
  void answersWholeAndStreamedAreChargedWhatTheyUsed() throws Exception {
    var limit = ",\"max_tokens\":20";
    for (var more : new String[] {limit, limit + ",\"stream\":true"}) {
      var answer = ask("poor-poor-poor-poor", "lab:instant", more);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).as("what only we asked for").doesNotContain("\"choices\":[]");
    }
    var third = ask("poor-poor-poor-poor", "lab:instant", ",\"max_tokens\":60");
    assertThat(third.statusCode()).isEqualTo(429);
    assertThat(error(third).path("message").asString())
        .contains("0.07 USD a month, 0.028 are used");
    assertThat(Integer.parseInt(header(third, "retry-after"))).isPositive();
  }

  @Test
  void figuresForPrometheusTellWhatWasAskedWithoutNamesThatClientsInvent() throws Exception {
    assertThat(ask("the-hashed-secret", "lab:instant", "").statusCode()).isEqualTo(200);
    assertThat(ask("the-hashed-secret", "lab:zz-invented", "").statusCode()).isEqualTo(200);
    assertThat(ask("nobody's", "lab:instant", "").statusCode()).isEqualTo(401);
    var figures = home.get("/metrics");
    assertThat(figures.statusCode()).isEqualTo(200);
    assertThat(header(figures, "content-type")).startsWith("text/plain").contains("0.0.4");
    assertThat(figures.body())
        .contains(
            "gen_ai_server_request_duration_seconds_bucket{",
            "gen_ai_response_model=\"lab:instant\"",
            "gen_ai_response_model=\"lab:other\"",
            "gen_ai_client_token_usage_sum{",
            "lathe_router_added_seconds_count",
            "lathe_requests_in_flight 0.0",
            "lathe_refused_total{reason=\"key\"}",
            "lathe_cost_usd_total{",
            "lathe_request_log_lost_total 0.0",
            "lathe_engines_loaded 0.0",
            "jvm_memory_used_bytes{")
        .doesNotContain("zz-invented", "nobody's");
  }
}
