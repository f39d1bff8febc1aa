package dev.lathe.serving.providers.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lathe.serving.providers.Dialects;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.Provider;
import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The exchanges under {@code resources/wire}. */
class WireFixturesTest {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();
  private static final Path WIRE = Path.of("src/test/resources/wire").toAbsolutePath();

  static Provider provider(String kind) {
    var yaml = LatheYaml.of(Map.of("providers", Map.of("p", Map.of("type", kind))), Map.of());
    return Objects.requireNonNull(yaml.providers().get("p"));
  }

  static Exchange exchange(String kind, String asked) {
    var request = ChatRequest.read(asked.getBytes(StandardCharsets.UTF_8));
    var model = request.model().substring(request.model().indexOf(':') + 1);
    return Dialects.of(provider(kind)).exchange(request, model);
  }

  static Stream<Path> fixtures() throws IOException {
    try (var files = Files.walk(WIRE)) {
      return files.filter(f -> f.toString().endsWith(".txt")).sorted().toList().stream();
    }
  }

  static String kind(Path file) {
    return WIRE.relativize(file).getName(0).toString();
  }

  static boolean streamed(Path file) {
    return WIRE.relativize(file).getName(1).toString().startsWith("stream-");
  }

  static Map<String, String> sections(Path file) throws IOException {
    var sections = new TreeMap<String, String>();
    for (var section : Files.readString(file).split("(?m)^=== ")) {
      int end = section.indexOf('\n');
      if (end > 0) {
        sections.put(section.substring(0, end).strip(), section.substring(end + 1));
      }
    }
    return sections;
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void everyExchangeIsTranslatedAsItIsWritten(Path file) throws IOException {
    var kind = kind(file);
    var is = sections(file);
    var exchange = exchange(kind, Objects.requireNonNull(is.get("asked")));
    var sent = Objects.requireNonNull(is.get("sent")).split("\n", 2);
    assertThat(exchange.path()).isEqualTo(sent[0].strip());
    assertThat(JSON.readTree(exchange.body())).isEqualTo(JSON.readTree(sent[1]));
    assertThat(String.join(", ", exchange.ignored()))
        .isEqualTo(is.getOrDefault("ignored", "").strip());
    var answered = Objects.requireNonNull(is.get("answered")).getBytes(StandardCharsets.UTF_8);
    var told = Objects.requireNonNull(is.get("told"));
    if (streamed(file)) {
      assertThat(chunks(exchange, new ByteArrayInputStream(answered)))
          .containsExactlyElementsOf(told.lines().map(WireFixturesTest::plain).toList());
      assertThat(chunks(exchange, new OneByteAtATime(answered)))
          .as("however the bytes come")
          .containsExactlyElementsOf(told.lines().map(WireFixturesTest::plain).toList());
    } else {
      assertThat(plain(new String(exchange.completion(answered), StandardCharsets.UTF_8)))
          .isEqualTo(plain(told));
    }
  }

  private static List<String> chunks(Exchange exchange, InputStream in) throws IOException {
    var chunks = exchange.chunks(in);
    var told = new ArrayList<String>();
    for (var data = chunks.next(); data != null; data = chunks.next()) {
      told.add(plain(new String(data, StandardCharsets.UTF_8)));
      if (told.getLast().equals("[DONE]")) {
        break;
      }
    }
    return told;
  }

  /** Without the time, its fields in one order. */
  private static String plain(String json) {
    if (json.strip().equals("[DONE]")) {
      return "[DONE]";
    }
    JsonNode read = JSON.readTree(json);
    if (read instanceof ObjectNode object) {
      object.remove("created");
    }
    return JSON.writer()
        .with(tools.jackson.databind.SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
        .writeValueAsString(JSON.convertValue(read, Object.class));
  }

  private static final class OneByteAtATime extends ByteArrayInputStream {
    OneByteAtATime(byte[] bytes) {
      super(bytes);
    }

    @Override
    public synchronized int read(byte[] to, int at, int length) {
      return super.read(to, at, Math.min(length, 1));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "anthropic | temperature | \"temperature\":1.5",
        "anthropic | n | \"n\":2",
        "anthropic | logprobs | \"logprobs\":true",
        "anthropic | logit_bias | \"logit_bias\":{\"5\":1}",
        "anthropic | frequency_penalty | \"frequency_penalty\":0.1",
        "anthropic | response_format | \"response_format\":{\"type\":\"json_object\"}",
        "anthropic | reasoning_effort | \"reasoning_effort\":\"huge\"",
        "anthropic | modalities | \"modalities\":[\"audio\"]",
        "anthropic | functions | \"functions\":[]",
        "anthropic | web_search_options | \"web_search_options\":{}",
        "anthropic | tools[0].type | \"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"x\"}}]",
        "anthropic | tool_choice | \"tool_choice\":{\"type\":\"allowed_tools\"}",
        "cohere | presence_penalty | \"presence_penalty\":1.5",
        "cohere | parallel_tool_calls | \"parallel_tool_calls\":false,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"x\"}}]",
        "cohere | top_logprobs | \"top_logprobs\":3",
        "ollama | tool_choice | \"tool_choice\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"x\"}}]",
        "ollama | logit_bias | \"logit_bias\":{\"5\":1}",
      })
  void whatCannotBeSaidThereIsRefusedByItsName(String kind, String field, String more) {
    var error = refused(kind, more, "{\"role\":\"user\",\"content\":\"hi\"}");
    assertThat(error.status()).isEqualTo(400);
    assertThat(error.param()).isEqualTo(field);
    assertThat(error.message()).startsWith("'" + field + "' cannot be said to ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "anthropic | messages[0].content[0].type | {\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}",
        "anthropic | messages[0].content[0].image_url.url | {\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"ftp://x\"}}]}",
        "anthropic | messages[0].content[0].file | {\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}",
        "anthropic | messages[0].role | {\"role\":\"function\",\"content\":\"x\",\"name\":\"f\"}",
        "anthropic | messages | {\"role\":\"system\",\"content\":\"x\"}",
        "anthropic | messages[0].tool_calls[0].function.arguments | {\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{no\"}}]}",
        "ollama | messages[0].content[0] | {\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}}]}",
        "cohere | messages[0].content[0] | {\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"data:application/pdf;base64,JVBE\"}}]}",
      })
  void whatAMessageCannotHoldIsRefusedWithItsPlace(String kind, String at, String message) {
    var error = refused(kind, "\"n\":1", message);
    assertThat(error.status()).isEqualTo(400);
    assertThat(error.param()).isEqualTo(at);
  }

  private static WireError refused(String kind, String more, String message) {
    var asked = "{\"model\":\"p:m\",\"messages\":[" + message + "]," + more + "}";
    var error = catchThrowableOfType(WireError.class, () -> exchange(kind, asked));
    assertThat(error).as(asked).isNotNull();
    return error;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "anthropic | 400 | {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 9 > 8\"}} | invalid_request_error | context_length_exceeded | prompt is too long: 9 > 8",
        "anthropic | 400 | {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Your credit balance is too low\"}} | invalid_request_error | insufficient_quota | Your credit balance is too low",
        "anthropic | 429 | {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow down\"}} | rate_limit_error | rate_limit_exceeded | slow down",
        "anthropic | 529 | {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}} | overloaded_error | - | It answers 529: Overloaded",
        "cohere | 400 | {\"id\":\"x\",\"message\":\"too many tokens\"} | invalid_request_error | context_length_exceeded | too many tokens",
        "ollama | 404 | {\"error\":\"model 'x' not found\"} | invalid_request_error | model_not_found | model 'x' not found",
      })
  void theirErrorsKeepStatusWordsAndWhenToAskAgain(
      String kind, int status, String body, String type, String code, String message) {
    var error =
        exchange(kind, "{\"model\":\"p:m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}")
            .refusal("It", status, body.getBytes(StandardCharsets.UTF_8), "7");
    assertThat(error.status()).isEqualTo(status);
    assertThat(error.type()).isEqualTo(type);
    assertThat(String.valueOf(error.code())).isEqualTo(code.replace("-", "null"));
    assertThat(error.message()).isEqualTo(message);
    assertThat(error.retryAfter()).isEqualTo("7");
  }

  @ParameterizedTest
  @CsvSource({
    "claude-3-7-sonnet-20250219, true",
    "claude-sonnet-4-20250514, true",
    "claude-opus-4-1-20250805, true",
    "claude-haiku-4-5, true",
    "claude-sonnet-4-5-20250929, true",
    "claude-opus-4-6, false",
    "claude-sonnet-5-20261001, false",
    "another, false"
  })
  void modelsUpToFourAndAHalfThinkByACountAndLaterOnesByAWord(String model, boolean counts) {
    var asked =
        "{\"model\":\"p:%s\",\"reasoning_effort\":\"medium\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    var sent = JSON.readTree(exchange("anthropic", asked.formatted(model)).body());
    assertThat(sent.path("thinking").path("type").asString(""))
        .isEqualTo(counts ? "enabled" : "adaptive");
    assertThat(sent.at("/thinking/budget_tokens").asInt(0)).isEqualTo(counts ? 8192 : 0);
    assertThat(sent.at("/output_config/effort").asString("")).isEqualTo(counts ? "" : "medium");
    assertThat(sent.path("max_tokens").asInt()).isEqualTo(counts ? 4096 + 8192 : 4096);
  }

  @Test
  void eachKindBearsItsKeyInItsOwnHeader() {
    var asked = "{\"model\":\"p:m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    assertThat(exchange("anthropic", asked).headers(new Secret("k")))
        .containsEntry("x-api-key", "k")
        .containsEntry("anthropic-version", "2023-06-01");
    for (var kind : List.of("openai", "cohere", "ollama")) {
      assertThat(exchange(kind, asked).headers(new Secret("k")))
          .containsOnly(Map.entry("Authorization", "Bearer k"));
      assertThat(exchange(kind, asked).headers(null)).isEmpty();
    }
  }

  @Test
  void whatIsNoAnswerStaysAsItIsForTheRouterToTellOf() throws IOException {
    var asked = "{\"model\":\"p:m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    var html = "<html>hello</html>".getBytes(StandardCharsets.UTF_8);
    for (var kind : List.of("anthropic", "cohere", "ollama")) {
      assertThat(exchange(kind, asked).completion(html)).isEqualTo(html);
      var other = "{\"choices\":[]}".getBytes(StandardCharsets.UTF_8);
      assertThat(exchange(kind, asked).completion(other)).isEqualTo(other);
    }
    var broken = "data: {\"type\":\n\n".getBytes(StandardCharsets.UTF_8);
    assertThat(exchange("anthropic", asked).chunks(new ByteArrayInputStream(broken)).next())
        .isEqualTo("{\"type\":".getBytes(StandardCharsets.UTF_8));
  }
}
