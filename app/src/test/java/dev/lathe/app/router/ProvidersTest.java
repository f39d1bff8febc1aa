package dev.lathe.app.router;

import static dev.lathe.app.router.ServedHome.error;
import static dev.lathe.app.router.ServedHome.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Providers that do not speak OpenAI's words, asked in them, and asked in Anthropic's. */
@Timeout(60)
class ProvidersTest {
  private static final String TOOLS =
      ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":{\"type\":\"object\"}}}]";
  private static final String THEIR_TOOLS =
      ",\"tools\":[{\"name\":\"weather\",\"input_schema\":{\"type\":\"object\"}}]";

  @TempDir static Path folder;
  private static StandInProvider provider;
  private static StandInUpstream upstream;
  private static ServedHome home;

  @BeforeAll
  static void start() throws Exception {
    provider = StandInProvider.start();
    upstream = StandInUpstream.start();
    home =
        ServedHome.start(
            folder,
            """
            providers:
              claude: {type: anthropic, baseUrl: "%1$s", apiKey: k3y, timeoutSeconds: 10}
              cohere: {type: cohere, baseUrl: "%1$s", apiKey: k3y, timeoutSeconds: 10}
              box: {type: ollama, baseUrl: "%1$s", timeoutSeconds: 10}
              lab: {type: openai, baseUrl: "%2$s/v1", timeoutSeconds: 10}
            """
                .formatted(provider.root(), upstream.root()));
  }

  @AfterAll
  static void stop() throws Exception {
    home.close();
    provider.close();
    upstream.close();
  }

  private static String body(String model, String says, String more) {
    return "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]%s}"
        .formatted(model, says, more);
  }

  private static HttpResponse<String> messages(String body) throws Exception {
    var request =
        home.request("/v1/messages")
            .header("Content-Type", "application/json")
            .header("x-api-key", "anything")
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", "some-beta")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    return home.http().send(request, HttpResponse.BodyHandlers.ofString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"claude", "cohere", "box"})
  void aWholeAnswerIsTranslatedAndWhatWasDroppedIsNamed(String name) throws Exception {
    var answer = home.post(body(name + ":m", "hi", ",\"store\":true" + TOOLS));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    var message = json(answer).path("choices").path(0).path("message");
    assertThat(message.path("content").asString("")).isEqualTo("one two");
    assertThat(message.at("/tool_calls/0/function/arguments").asString(""))
        .isEqualTo("{\"town\":\"Oslo\"}");
    assertThat(message.at("/tool_calls/0/id").asString("")).isNotEmpty();
    assertThat(json(answer).at("/choices/0/finish_reason").asString("")).isEqualTo("tool_calls");
    assertThat(json(answer).path("model").asString("")).isEqualTo(name + ":m");
    assertThat(json(answer).path("id").asString(""))
        .isEqualTo(answer.headers().firstValue("x-lathe-id").orElse(""));
    assertThat(json(answer).at("/usage/prompt_tokens").asInt()).isEqualTo(9);
    assertThat(answer.headers().firstValue("x-lathe-ignored")).hasValue("store");
    var asked = provider.asked.getLast();
    assertThat(asked.json().path("model").asString("")).isEqualTo("m");
    assertThat(String.valueOf(asked.head()))
        .contains(
            Map.of("claude", "X-api-key=[k3y]", "cohere", "Authorization=[Bearer k3y]", "box", "")
                .get(name));
  }

  @ParameterizedTest
  @CsvSource({"claude, true", "cohere, true", "box, true", "claude, false", "box, false"})
  void aStreamIsTranslatedAndTellsItsUsageToWhoeverAsks(String name, boolean usage)
      throws Exception {
    var answer =
        home.post(
            body(
                name + ":m",
                "hi",
                TOOLS
                    + ",\"stream\":true"
                    + (usage ? ",\"stream_options\":{\"include_usage\":true}" : "")));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    var events = answer.body().lines().filter(l -> !l.isEmpty()).map(l -> l.substring(6)).toList();
    assertThat(events.getLast()).isEqualTo("[DONE]");
    var text = new StringBuilder();
    var arguments = new StringBuilder();
    for (var event : events.subList(0, events.size() - 1)) {
      var delta = JsonMapper.shared().readTree(event).at("/choices/0/delta");
      text.append(delta.path("content").asString(""));
      arguments.append(delta.at("/tool_calls/0/function/arguments").asString(""));
    }
    assertThat(text).hasToString("one two");
    assertThat(arguments).hasToString("{\"town\":\"Oslo\"}");
    assertThat(answer.body()).contains("\"finish_reason\":\"tool_calls\"");
    assertThat(answer.body().contains("\"prompt_tokens\":9")).isEqualTo(usage);
  }

  @ParameterizedTest
  @ValueSource(strings = {"claude", "cohere", "box"})
  void eventsComeWhenTheProviderSaysThem(String name) throws Exception {
    var request = home.chat(body(name + ":m", "held", ",\"stream\":true")).build();
    var answer = home.http().send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (var lines =
        new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      while (line != null && !line.contains("one ")) {
        line = lines.readLine();
      }
      assertThat(line).as("the first word, while the others are held").isNotNull();
      provider.let.release(20);
      assertThat(lines.lines().toList()).contains("data: [DONE]");
    } finally {
      provider.let.drainPermits();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"claude", "cohere", "box"})
  void rateLimitsKeepWhenToAskAgain(String name) throws Exception {
    for (var more : List.of("", ",\"stream\":true")) {
      var answer = home.post(body(name + ":limited" + more.length(), "429", more));
      assertThat(answer.statusCode()).isEqualTo(429);
      assertThat(answer.headers().firstValue("Retry-After")).hasValue("7");
      assertThat(error(answer).path("message").asString("")).isEqualTo("slow down");
      assertThat(error(answer).path("code").asString("")).isEqualTo("rate_limit_exceeded");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "claude, error-first, 529, not today",
    "cohere, error-first, 500, not today",
    "box, error-first, 500, not today",
    "claude, 529, 529, slow down",
    "claude, garbage, 502, is its address",
    "cohere, garbage, 502, is its address",
    "box, garbage, 502, is its address"
  })
  void whatBreaksBeforeTheFirstByteHasAStatus(String name, String manners, int status, String said)
      throws Exception {
    var more = manners.equals("garbage") ? "" : ",\"stream\":true";
    var answer = home.post(body(name + ":" + manners + "-" + name, manners, more));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(error(answer).path("message").asString(""))
        .contains(said.replace("is its address", "See whether its address is right"));
  }

  @ParameterizedTest
  @CsvSource({
    "claude, broken", "cohere, broken", "box, broken",
    "claude, silent-end", "cohere, silent-end", "box, silent-end",
    "claude, error-later", "cohere, error-later", "box, error-later"
  })
  void aStreamThatBreaksOffEndsWithAnErrorEvent(String name, String manners) throws Exception {
    var answer = home.post(body(name + ":" + manners, manners, ",\"stream\":true"));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("one ").doesNotContain("[DONE]");
    assertThat(answer.body().lines().filter(l -> !l.isEmpty()).toList().getLast())
        .startsWith("data: {\"error\":{")
        .contains("upstream_broke_off");
  }

  @Test
  void whatCannotBeSaidIsA400WithTheFieldsName() throws Exception {
    var answer = home.post(body("claude:m", "hi", ",\"logit_bias\":{\"7\":1}"));
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(error(answer).path("param").asString("")).isEqualTo("logit_bias");
    assertThat(error(answer).path("code").asString("")).isEqualTo("unsupported_parameter");
  }

  @ParameterizedTest
  @ValueSource(strings = {"claude", "cohere", "box"})
  void clientsOfAnthropicsAskAnyProvider(String name) throws Exception {
    var answer = messages(body(name + ":m", "hi", ",\"max_tokens\":50" + THEIR_TOOLS));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    var message = json(answer);
    assertThat(message.path("type").asString("")).isEqualTo("message");
    assertThat(message.path("model").asString("")).isEqualTo(name + ":m");
    assertThat(message.at("/content/0/text").asString("")).isEqualTo("one two");
    assertThat(message.at("/content/1/type").asString("")).isEqualTo("tool_use");
    assertThat(message.at("/content/1/input/town").asString("")).isEqualTo("Oslo");
    assertThat(message.path("stop_reason").asString("")).isEqualTo("tool_use");
    assertThat(message.at("/usage/input_tokens").asInt()).isEqualTo(9);
    assertThat(answer.headers().firstValue("x-lathe-provider")).hasValue(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"claude", "cohere", "box"})
  void theirStreamsHaveTheirEvents(String name) throws Exception {
    var answer =
        messages(body(name + ":m", "hi", ",\"max_tokens\":50,\"stream\":true" + THEIR_TOOLS));
    var events =
        answer
            .body()
            .lines()
            .filter(l -> l.startsWith("event: "))
            .map(l -> l.substring(7))
            .distinct()
            .toList();
    assertThat(events)
        .containsExactly(
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop");
    assertThat(answer.body())
        .contains("\"stop_reason\":\"tool_use\"")
        .contains("\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"town\\\":\\\"Oslo\\\"}\"")
        .contains("\"input_tokens\":9,");
  }

  @Test
  void anthropicHearsItsClientsVeryWordsAndOthersDropWhatTheyCannotUse() throws Exception {
    var words =
        """
        {"model":"%s","max_tokens":9,"top_k":3,"thinking":{"type":"adaptive"},"metadata":{"user_id":"u"},
         "system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],
         "messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]}""";
    var there = messages(words.formatted("claude:m"));
    assertThat(there.statusCode()).as(there.body()).isEqualTo(200);
    assertThat(there.headers().firstValue("x-lathe-ignored")).isEmpty();
    assertThat(provider.asked.getLast().json())
        .isEqualTo(JsonMapper.shared().readTree(words.formatted("m")));
    assertThat(provider.asked.getLast().head().get("Anthropic-beta")).containsExactly("some-beta");
    var elsewhere = messages(words.formatted("lab:instant"));
    assertThat(elsewhere.statusCode()).as(elsewhere.body()).isEqualTo(200);
    assertThat(elsewhere.headers().firstValue("x-lathe-ignored"))
        .hasValue("cache_control, metadata, thinking");
    assertThat(upstream.asked.getLast().json())
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    """
                    {"model":"instant","max_completion_tokens":9,"top_k":3,
                     "messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}"""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nothing:m | hi | 404 | not_found_error | does not exist",
        "claude:limited2 | 429 | 429 | rate_limit_error | slow down",
        "claude:over | 529 | 529 | overloaded_error | slow down",
        "lab:garbage | hi | 502 | api_error | no chat completion",
      })
  void theirErrorsHaveTheirForm(String model, String says, int status, String type, String message)
      throws Exception {
    var answer = messages(body(model, says, ",\"max_tokens\":5"));
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(json(answer).path("type").asString("")).isEqualTo("error");
    assertThat(error(answer).path("type").asString("")).isEqualTo(type);
    assertThat(error(answer).path("message").asString("")).contains(message);
    if (status == 429) {
      assertThat(answer.headers().firstValue("Retry-After")).hasValue("7");
    }
  }

  @Test
  void aBrokenStreamEndsWithTheirErrorEventAndNoStop() throws Exception {
    var answer = messages(body("lab:broken", "hi", ",\"max_tokens\":5,\"stream\":true"));
    assertThat(answer.body()).contains("one ").doesNotContain("message_stop");
    assertThat(answer.body().lines().filter(l -> !l.isEmpty()).toList().getLast())
        .startsWith("data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`{\"model\":\"lab:instant\",\"messages\":[]}` | max_tokens",
        "`{\"model\":\"lab:instant\",\"max_tokens\":1,\"messages\":[]}` | messages",
        "`{\"model\":\"lab:instant\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"container\":\"c\"}` | container",
        "`{\"model\":\"lab:instant\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]}` | web_search_20250305",
        "`{\"model\":\"lab:instant\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"video\"}]}]}` | video",
        "`{\"model\":\"lab:instant\",\"max_tokens\":1,\"messages\":[{\"role\":\"robot\",\"content\":\"x\"}]}` | messages[0].role",
        "`nonsense` | JSON",
      })
  void whatTheirClientsAskWronglyIsNamed(String body, String named) throws Exception {
    var answer = messages(body);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(error(answer).path("type").asString("")).isEqualTo("invalid_request_error");
    assertThat(error(answer).path("message").asString("")).contains(named);
  }

  @Test
  void tokensAreCountedWhereSomebodyKnowsThem() throws Exception {
    var request =
        home.request("/v1/messages/count_tokens")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body("claude:m", "hi", "")))
            .build();
    var counted = home.http().send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(json(counted).path("input_tokens").asInt()).as(counted.body()).isEqualTo(42);
    assertThat(provider.asked.getLast().path()).isEqualTo("/v1/messages/count_tokens");
  }
}
