package dev.lathe.serving.providers.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.serving.providers.LocalEngines.Lease;
import dev.lathe.serving.providers.LocalModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The engine process over its protocol, with the tiny base in it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LlamaMainTest {
  private static final int CONTEXT = 2048;

  /** The tiny base ends its answers where chance has it; with this they go on. */
  private static final String ENDLESS = "\"logit_bias\": {\"0\": -100, \"2\": -100}";

  private static final String HELLO =
      "\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]";

  @TempDir static Path folder;

  private LlamaEngines engines;
  private LocalModel model;
  private Lease lease;
  private Child child;

  @BeforeAll
  void start() {
    engines = new LlamaEngines(folder.resolve("engines"), Child.settings(4, 8));
    model = Child.tiny(folder, "tiny", CONTEXT);
    lease = engines.lease(model);
    child = new Child(lease.address());
  }

  @AfterAll
  void stop() {
    lease.close();
    engines.close();
  }

  @Test
  void answersInOpenAisShape() {
    var answer =
        child.chat("{%s, \"temperature\": 0, \"max_tokens\": 5, %s}".formatted(HELLO, ENDLESS));
    assertThat(answer.path("object").asString()).isEqualTo("chat.completion");
    assertThat(answer.path("model").asString()).isEqualTo("tiny");
    assertThat(answer.at("/choices/0/message/role").asString()).isEqualTo("assistant");
    assertThat(answer.at("/choices/0/message/content").asString()).isNotEmpty();
    assertThat(answer.at("/choices/0/finish_reason").asString()).isEqualTo("length");
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(5);
    assertThat(answer.at("/usage/total_tokens").asInt())
        .isEqualTo(answer.at("/usage/prompt_tokens").asInt() + 5);
  }

  @Test
  void aStreamSaysWhatTheWholeAnswerSays() {
    var request =
        "%s, \"temperature\": 0, \"max_tokens\": 80, \"cache_prompt\": false".formatted(HELLO);
    var whole = child.chat("{" + request + "}");
    var body =
        child
            .post(
                "/v1/chat/completions",
                "{"
                    + request
                    + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}}")
            .body();
    assertThat(body).endsWith("data: [DONE]\n\n");
    var events = Child.events(body);
    assertThat(events.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
    assertThat(text(events)).isEqualTo(whole.at("/choices/0/message/content").asString());
    assertThat(events.get(events.size() - 2).at("/choices/0/finish_reason"))
        .isEqualTo(whole.at("/choices/0/finish_reason"));
    var last = events.getLast();
    assertThat(last.path("choices").isEmpty()).isTrue();
    assertThat(last.at("/usage/completion_tokens")).isEqualTo(whole.at("/usage/completion_tokens"));
    assertThat(events).allSatisfy(e -> assertThat(e.path("id")).isEqualTo(last.path("id")));
  }

  @Test
  void promptsAreTheTrainersTokenForToken() {
    var template = ChatTemplate.read(model.base().resolve("chat_template.jinja"), model.base());
    var rendered =
        template.render(
            List.of(Message.of(Role.SYSTEM, "Be kind."), Message.of(Role.USER, "Is it  in\n?")),
            List.of(),
            true);
    var messages =
        """
        "messages": [{"role": "system", "content": "Be kind."},
                     {"role": "user", "content": [{"type": "text", "text": "Is it  in\\n?"}]}]
        """;
    assertThat(child.json("/apply-template", "{" + messages + "}").path("prompt").asString())
        .isEqualTo(rendered);
    try (var tokenizer = Tokenizer.open(model.base().resolve("tokenizer.json"))) {
      int[] ids = tokenizer.encode(rendered).ids();
      var request = JsonMapper.shared().createObjectNode().put("content", rendered);
      var tokens = child.json("/tokenize", request.toString()).path("tokens");
      assertThat(tokens.valueStream().mapToInt(JsonNode::asInt).toArray()).isEqualTo(ids);
      var answer = child.chat("{%s, \"max_tokens\": 1}".formatted(messages));
      assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(ids.length);
    }
  }

  @Test
  void controlTokensThatAUserSpellsStayText() {
    var plain = child.chat("{%s, \"max_tokens\": 1}".formatted(HELLO));
    var spelled =
        child.chat(
            """
            {"messages": [{"role": "user", "content": "Hello<|im_end|>"}], "max_tokens": 1}
            """);
    // As a control token it would be one more.
    assertThat(spelled.at("/usage/prompt_tokens").asInt())
        .isGreaterThan(plain.at("/usage/prompt_tokens").asInt() + 5);
  }

  @Test
  void aCompletionTellsItsTokens() {
    var answer =
        child.json(
            "/completion",
            "{\"prompt\": \"the order\", \"n_predict\": 12, \"temperature\": 0, \"return_tokens\": true, %s}"
                .formatted(ENDLESS));
    assertThat(answer.path("tokens").size()).isEqualTo(12);
    assertThat(answer.path("tokens_predicted").asInt()).isEqualTo(12);
    assertThat(answer.path("stop_type").asString()).isEqualTo("limit");
    var ids = answer.path("tokens").toString();
    assertThat(
            child.json("/detokenize", "{\"tokens\": %s}".formatted(ids)).path("content").asString())
        .startsWith(answer.path("content").asString());
    var prompt = child.json("/tokenize", "{\"content\": \"the order\"}").path("tokens").toString();
    var again =
        child.json(
            "/completion",
            "{\"prompt\": %s, \"n_predict\": 12, \"temperature\": 0, \"return_tokens\": true, %s}"
                .formatted(prompt, ENDLESS));
    assertThat(again.path("tokens")).isEqualTo(answer.path("tokens"));
  }

  @Test
  void anEndTokenEndsTheAnswer() {
    var answer =
        child.chat(
            "{%s, \"logit_bias\": {\"2\": 100}, \"max_tokens\": 9, \"return_tokens\": true}"
                .formatted(HELLO));
    assertThat(answer.at("/choices/0/tokens").toString()).isEqualTo("[2]");
    assertThat(answer.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
    assertThat(answer.at("/choices/0/message/content").asString()).isEmpty();
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(1);
  }

  @Test
  void nothingOfAStopStringIsSeen() {
    var request =
        "\"prompt\": \"the order\", \"n_predict\": 60, \"temperature\": 0, \"cache_prompt\": false,"
            + " "
            + ENDLESS;
    var whole = child.json("/completion", "{" + request + "}").path("content").asString();
    var stop = whole.substring(whole.length() / 2, whole.length() / 2 + 4);
    var before = whole.substring(0, whole.indexOf(stop));
    var stopping =
        "{"
            + request
            + ", \"stop\": "
            + JsonMapper.shared().writeValueAsString(List.of("never said", stop))
            + ", \"stream\": %s}";
    var answer = child.json("/completion", stopping.formatted("false"));
    assertThat(answer.path("content").asString()).isEqualTo(before);
    assertThat(answer.path("stopping_word").asString()).isEqualTo(stop);
    assertThat(answer.path("stop_type").asString()).isEqualTo("word");
    var events = Child.events(child.post("/completion", stopping.formatted("true")).body());
    var streamed = new StringBuilder();
    events.forEach(e -> streamed.append(e.path("content").asString()));
    assertThat(streamed.toString()).isEqualTo(before);
  }

  @Test
  void equalSeedsAnswerEqually() {
    var request =
        "{%s, \"temperature\": 1, \"seed\": 5, \"max_tokens\": 20, \"cache_prompt\": false}"
            .formatted(HELLO);
    assertThat(child.chat(request).at("/choices/0/message"))
        .isEqualTo(child.chat(request).at("/choices/0/message"));
  }

  @Test
  void tellsLogProbabilities() {
    var answer =
        child.chat(
            "{%s, \"temperature\": 0, \"max_tokens\": 3, \"logprobs\": true, \"top_logprobs\": 2, %s}"
                .formatted(HELLO, ENDLESS));
    var content = answer.at("/choices/0/logprobs/content");
    assertThat(content.size()).isEqualTo(3);
    assertThat(content.get(0).path("logprob").asDouble()).isBetween(-20.0, 0.0);
    assertThat(content.get(0).path("top_logprobs").size()).isEqualTo(2);
  }

  @Test
  void answersInJsonOfASchema() {
    var answer =
        child.chat(
            """
            {%s, "seed": 3, "temperature": 1, "max_tokens": 200, "response_format": {"type": "json_schema",
              "json_schema": {"name": "x", "schema": {"type": "object", "additionalProperties": false,
                "required": ["colour", "sure"], "properties": {
                  "colour": {"enum": ["red", "blue"]}, "sure": {"type": "boolean"}}}}}}
            """
                .formatted(HELLO));
    assertThat(answer.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
    var json = JsonMapper.shared().readTree(answer.at("/choices/0/message/content").asString());
    assertThat(json.path("colour").asString()).isIn("red", "blue");
    assertThat(json.path("sure").isBoolean()).isTrue();
  }

  @Test
  void tellsOfItself() {
    assertThat(child.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
    assertThat(child.json("/v1/models").at("/data/0/id").asString()).isEqualTo("tiny");
    var properties = child.json("/props");
    assertThat(properties.path("total_slots").asInt()).isEqualTo(4);
    assertThat(properties.at("/default_generation_settings/n_ctx").asInt()).isEqualTo(CONTEXT);
    assertThat(properties.path("threads").asInt()).isEqualTo(1);
  }

  static Stream<String> hostile() {
    var messages = "\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]";
    return Stream.of(
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"messages\": []}",
        "{}",
        "{\"messages\": null}",
        "{\"messages\": {\"role\": \"user\"}}",
        "{\"messages\": [null]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": null}]}",
        "{\"messages\": [{\"role\": \"user\"}]}",
        "{\"messages\": [{\"role\": \"queen\", \"content\": \"x\"}]}",
        "{\"messages\": [{\"content\": \"x\"}]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": 7}]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]}",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{}]}]}",
        "{" + messages + ", \"temperature\": 9}",
        "{" + messages + ", \"temperature\": -1}",
        "{" + messages + ", \"temperature\": \"hot\"}",
        "{" + messages + ", \"temperature\": 1e999}",
        "{" + messages + ", \"temperature\": NaN}",
        "{" + messages + ", \"top_p\": 2}",
        "{" + messages + ", \"top_k\": 99999999999999999999}",
        "{" + messages + ", \"max_tokens\": 0}",
        "{" + messages + ", \"max_tokens\": -5}",
        "{" + messages + ", \"max_tokens\": 1.5}",
        "{" + messages + ", \"max_completion_tokens\": 99999999999}",
        "{" + messages + ", \"n\": 2}",
        "{" + messages + ", \"seed\": \"x\"}",
        "{" + messages + ", \"seed\": 1e400}",
        "{" + messages + ", \"stop\": 3}",
        "{" + messages + ", \"stop\": \"\"}",
        "{" + messages + ", \"stop\": [\"a\", null]}",
        "{" + messages + ", \"stop\": " + Collections.nCopies(40, "\"a\"") + "}",
        "{" + messages + ", \"stream\": \"yes\"}",
        "{" + messages + ", \"stream_options\": 1}",
        "{" + messages + ", \"presence_penalty\": 3}",
        "{" + messages + ", \"repeat_penalty\": 0}",
        "{" + messages + ", \"logit_bias\": {\"999999\": 1}}",
        "{" + messages + ", \"logit_bias\": {\"-1\": 1}}",
        "{" + messages + ", \"logit_bias\": {\"1\": 1e9}}",
        "{" + messages + ", \"top_logprobs\": 5}",
        "{" + messages + ", \"logprobs\": true, \"top_logprobs\": 50}",
        "{" + messages + ", \"response_format\": {\"type\": \"xml\"}}",
        "{" + messages + ", \"response_format\": {\"type\": \"json_schema\"}}",
        "{"
            + messages
            + ", \"response_format\": {\"type\": \"json_schema\", \"json_schema\":"
            + " {\"schema\": {\"type\": \"nonsense\"}}}}",
        "{"
            + messages
            + ", \"response_format\": {\"type\": \"json_schema\", \"json_schema\":"
            + " {\"schema\": {\"$ref\": \"#\"}}}}",
        "{" + messages + ", \"tools\": [1]}",
        "{\"a\":".repeat(5_000),
        "{" + messages + ", \"x\": [" + "{},".repeat(1_000_000) + "{}]}",
        "{" + messages + "} trailing",
        "{" + messages.replace("Hello", "long ".repeat(3_000)) + "}",
        "\u0000\u0001\u0002");
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void badRequestsAreRefusedAndTheEngineLives(String body) {
    var answer = child.post("/v1/chat/completions", body);
    assertThat(answer.statusCode()).isEqualTo(400);
    var error = JsonMapper.shared().readTree(answer.body()).path("error");
    assertThat(error.path("message").asString()).isNotEmpty();
    assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
    assertThat(error.has("param") && error.has("code")).isTrue();
    assertAlive();
  }

  static Stream<String> hostileCompletions() {
    return Stream.of(
        "{}",
        "{\"prompt\": null}",
        "{\"prompt\": \"\"}",
        "{\"prompt\": []}",
        "{\"prompt\": [1, \"x\"]}",
        "{\"prompt\": [-1]}",
        "{\"prompt\": [999999]}",
        "{\"prompt\": [1e3000]}",
        "{\"prompt\": [99999999999]}",
        "{\"prompt\": {\"a\": 1}}",
        "{\"prompt\": \"x\", \"n_predict\": 0}",
        "{\"prompt\": \"x\", \"n_predict\": -9}",
        "{\"prompt\": \"x\", \"n_probs\": 9999}",
        "{\"prompt\": \"x\", \"grammar\": \"root ::= (\"}",
        "{\"prompt\": \"x\", \"json_schema\": {\"type\": 1}}");
  }

  @ParameterizedTest
  @MethodSource("hostileCompletions")
  void badCompletionsAreRefusedAndTheEngineLives(String body) {
    assertThat(child.post("/completion", body).statusCode()).isEqualTo(400);
    assertAlive();
  }

  @Test
  void aPromptLongerThanTheContextIsToldTheNumbers() {
    var body = "{" + HELLO.replace("Hello", "you ".repeat(4_000)) + "}";
    var error = child.chat(body).path("error");
    assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
    assertThat(error.path("message").asString()).contains("2048").containsPattern("has [0-9]{4,}");
  }

  @Test
  void aBodyOfAHundredMebibytesIsRefused() {
    var answer = child.post("/v1/chat/completions", " ".repeat(100 << 20));
    assertThat(answer.statusCode()).isEqualTo(413);
    assertAlive();
  }

  @Test
  void pagesInBrowsersAreTurnedAway() throws IOException {
    for (var header : List.of("Origin: http://evil.example", "Host: evil.example:80")) {
      try (var socket = new Socket(InetAddress.getLoopbackAddress(), lease.address().getPort())) {
        var request = "GET /props HTTP/1.1\r\nConnection: close\r\n" + header + "\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(answer).startsWith("HTTP/1.1 403 ");
      }
    }
  }

  @Test
  void unknownPathsAndMethodsAreRefused() {
    assertThat(child.get("/v1/nowhere").statusCode()).isEqualTo(404);
    assertThat(child.get("/completion").statusCode()).isEqualTo(405);
    assertThat(child.post("/detokenize", "{\"tokens\": [-1]}").statusCode()).isEqualTo(400);
    assertThat(child.post("/detokenize", "{\"tokens\": [1e99]}").statusCode()).isEqualTo(400);
    assertThat(child.post("/tokenize", "{\"content\": 7}").statusCode()).isEqualTo(400);
    assertAlive();
  }

  @Test
  void whatIsNoHttpIsRefused() throws IOException {
    for (var junk :
        List.of(
            "hello\r\n\r\n",
            "GET / HTTP/9\r\n\r\n",
            "\u0016\u0003\u0001\r\n\r\n",
            "POST /completion HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
            "POST /completion HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "POST /completion HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            "GET /health HTTP/1.1\r\n" + "x: y\r\n".repeat(20_000) + "\r\n")) {
      try (var socket = new Socket(InetAddress.getLoopbackAddress(), lease.address().getPort())) {
        socket.getOutputStream().write(junk.getBytes(StandardCharsets.ISO_8859_1));
        var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(answer).matches("(?s)HTTP/1.1 (4|5)[0-9]{2} .*");
      }
    }
    assertAlive();
  }

  @Test
  void manyAnswersAtATimeAllCome() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var tasks =
          IntStream.range(0, 10)
              .mapToObj(
                  i ->
                      (Callable<JsonNode>)
                          () ->
                              child.chat(
                                  "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}], \"max_tokens\": 40, %s}"
                                      .formatted("you ".repeat(i * 30 + 1), ENDLESS)))
              .toList();
      for (var future : threads.invokeAll(tasks)) {
        assertThat(future.get().at("/usage/completion_tokens").asInt()).isEqualTo(40);
      }
    }
  }

  @Test
  void aClientThatGoesAwayFreesItsSlot() throws IOException {
    long before = child.json("/props").path("tokens_answered").asLong();
    var body =
        "{\"prompt\": \"the\", \"stream\": %s, \"n_predict\": 2000, %s}".formatted("%s", ENDLESS);
    var sockets = new ArrayList<Socket>();
    for (var stream : List.of("true", "false", "true", "false")) {
      var socket = new Socket(InetAddress.getLoopbackAddress(), lease.address().getPort());
      var bytes = body.formatted(stream).getBytes(StandardCharsets.UTF_8);
      var head = "POST /completion HTTP/1.1\r\nContent-Length: " + bytes.length + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(bytes);
      sockets.add(socket);
    }
    await(() -> child.json("/props").path("running").asInt() == 4);
    for (var socket : sockets) {
      socket.close();
    }
    await(() -> child.json("/props").path("running").asInt() == 0);
    assertThat(child.json("/props").path("tokens_answered").asLong() - before).isLessThan(7_000);
  }

  @Test
  void tooManyAreTurnedAway() {
    try (var small = new LlamaEngines(folder.resolve("small"), Child.settings(1, 0));
        var one = small.lease(Child.tiny(folder, "small", 8_192))) {
      var busy = new Child(one.address());
      var body = "{\"prompt\": \"the\", \"stream\": true, %s}".formatted(ENDLESS);
      try (var first = busy.open("/completion", body)) {
        assertThat(first.iterator().next()).startsWith("data: ");
        var second = busy.post("/completion", body);
        assertThat(second.statusCode()).isEqualTo(503);
        assertThat(second.headers().firstValue("Retry-After")).contains("1");
      }
    }
  }

  private void assertAlive() {
    assertThat(engines.loaded()).hasSize(1).allSatisfy(e -> assertThat(e.deaths()).isZero());
    assertThat(child.get("/health").statusCode()).isEqualTo(200);
  }

  private static void await(BooleanSupplier condition) {
    long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for 20 s").isLessThan(until);
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static String text(List<JsonNode> events) {
    var text = new StringBuilder();
    events.forEach(e -> text.append(e.at("/choices/0/delta/content").asString("")));
    return text.toString();
  }
}
