package dev.lathe.serving.providers.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.messages.MessagesReply;
import dev.lathe.serving.messages.MessagesRequest;
import dev.lathe.serving.wire.Events;
import dev.lathe.serving.wire.WireError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The fixtures with something in them that does not belong there: told of, never broken by. */
class HostileWordsTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final List<String> JUNK =
      List.of(
          "null",
          "-1",
          "1e300",
          "99999999999999",
          "\"x\"",
          "\"\"",
          "true",
          "[]",
          "[7]",
          "{}",
          "{\"type\":[]}");

  private static JsonNode spoilt(JsonNode node, Random random) {
    var copy = node.deepCopy();
    JsonNode at = copy;
    for (int depth = random.nextInt(7); ; depth--) {
      var junk = JSON.readTree(JUNK.get(random.nextInt(JUNK.size())));
      switch (at) {
        case ObjectNode object when !object.isEmpty() -> {
          var names = List.copyOf(object.propertyNames());
          var name = names.get(random.nextInt(names.size()));
          if (depth <= 0 || !object.get(name).isContainer()) {
            object.set(name, junk);
            return copy;
          }
          at = object.get(name);
        }
        case ArrayNode array when !array.isEmpty() -> {
          int i = random.nextInt(array.size());
          if (depth <= 0 || !array.get(i).isContainer()) {
            array.set(i, junk);
            return copy;
          }
          at = array.get(i);
        }
        default -> {
          return copy;
        }
      }
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @MethodSource("dev.lathe.serving.providers.remote.WireFixturesTest#fixtures")
  void aSpoiltRequestIsTranslatedOrRefused(Path file) throws IOException {
    var is = WireFixturesTest.sections(file);
    var asked = JSON.readTree(Objects.requireNonNull(is.get("asked")));
    for (int seed = 0; seed < 40; seed++) {
      var body = spoilt(asked, new Random(seed)).toString();
      try {
        var exchange = WireFixturesTest.exchange(WireFixturesTest.kind(file), body);
        assertThat(exchange.body()).isNotEmpty();
      } catch (WireError e) {
        assertThat(e.status()).as(body).isEqualTo(400);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lathe.serving.providers.remote.WireFixturesTest#fixtures")
  void aSpoiltRequestInAnthropicsWordsIsUnderstoodOrRefused(Path file) throws IOException {
    if (!WireFixturesTest.kind(file).equals("anthropic")) {
      return;
    }
    var sent = Objects.requireNonNull(WireFixturesTest.sections(file).get("sent"));
    var words = JSON.readTree(sent.substring(sent.indexOf('\n')));
    for (int seed = 0; seed < 40; seed++) {
      var body = spoilt(words, new Random(seed)).toString();
      try {
        assertThat(MessagesRequest.read(bytes(body), null).chat().model()).isNotEmpty();
      } catch (WireError e) {
        assertThat(e.status()).as(body).isEqualTo(400);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lathe.serving.providers.remote.WireFixturesTest#fixtures")
  void aSpoiltAnswerIsPassedOnOrToldOf(Path file) throws Exception {
    var is = WireFixturesTest.sections(file);
    var exchange =
        WireFixturesTest.exchange(
            WireFixturesTest.kind(file), Objects.requireNonNull(is.get("asked")));
    var answered = Objects.requireNonNull(is.get("answered"));
    boolean streamed = WireFixturesTest.streamed(file);
    for (int seed = 0; seed < 30; seed++) {
      var random = new Random(seed);
      if (!streamed) {
        var told = exchange.completion(bytes(spoilt(JSON.readTree(answered), random).toString()));
        if (JSON.readTree(told).path("choices").isArray()) {
          reply(r -> r.whole(Map.of(), told));
        }
        continue;
      }
      var lines =
          answered
              .lines()
              .map(
                  line -> {
                    int json = line.indexOf('{');
                    return json < 0 || random.nextInt(6) > 0
                        ? line
                        : line.substring(0, json)
                            + spoilt(JSON.readTree(line.substring(json)), random);
                  })
              .collect(Collectors.joining("\n", "", "\n\n"));
      var chunks = exchange.chunks(new ByteArrayInputStream(bytes(lines)));
      reply(
          r -> {
            for (var data = chunks.next(); data != null; data = chunks.next()) {
              r.event(data);
              if (Events.isDone(data)) {
                break;
              }
            }
          });
    }
  }

  @FunctionalInterface
  private interface Said {
    void to(MessagesReply reply) throws Exception;
  }

  /** What comes out of the translation is also heard by a client of Anthropic's. */
  private static void reply(Said said) throws Exception {
    var client =
        new MessagesReply.Client() {
          @Override
          public void whole(Map<String, String> headers, byte[] json) {
            assertThat(JSON.readTree(json).path("type").asString("")).isEqualTo("message");
          }

          @Override
          public void begin(Map<String, String> headers) {
            // Nothing is said by it.
          }

          @Override
          public void event(String name, byte[] data) {
            assertThat(JSON.readTree(data).path("type").asString("")).isEqualTo(name);
          }

          @Override
          public void flush() {
            // Nothing is held back.
          }
        };
    try {
      said.to(new MessagesReply(client));
    } catch (WireError e) {
      assertThat(e.status()).isEqualTo(502);
    }
  }
}
