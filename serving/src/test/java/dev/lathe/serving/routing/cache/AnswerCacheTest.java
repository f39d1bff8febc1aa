package dev.lathe.serving.routing.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.wire.ChatRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnswerCacheTest {
  private static final CacheSettings KEEPS = new CacheSettings(Duration.ofSeconds(10), 8000, false);

  private long now;

  private AnswerCache cache(CacheSettings settings) {
    return new AnswerCache(settings, () -> now);
  }

  private static Optional<String> key(AnswerCache cache, String target, String more) {
    var body =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + more + "}";
    return cache.key(target, ChatRequest.read(body.getBytes(StandardCharsets.UTF_8)));
  }

  private static KeptAnswer answer(int bytes) {
    return new KeptAnswer(List.of(new byte[bytes]), 1, 2);
  }

  @Test
  void whatChangesAnAnswerChangesTheKey() {
    var cache = cache(KEEPS);
    var plain = key(cache, "a@1", ",\"temperature\":0");
    assertThat(plain).isPresent();
    assertThat(key(cache, "a@1", ",\"temperature\":0,\"user\":\"ann\"")).isEqualTo(plain);
    assertThat(key(cache, "a@2", ",\"temperature\":0")).isNotEqualTo(plain);
    assertThat(key(cache, "a@1", ",\"temperature\":0,\"max_tokens\":3")).isNotEqualTo(plain);
    assertThat(key(cache, "a@1", ",\"temperature\":0,\"stream\":true")).isNotEqualTo(plain);
  }

  @Test
  void chanceIsKeptOnlyWhenThatIsWanted() {
    assertThat(key(cache(KEEPS), "a", "")).isEmpty();
    assertThat(key(cache(new CacheSettings(Duration.ofSeconds(1), 9, true)), "a", "")).isPresent();
    assertThat(key(cache(CacheSettings.OFF), "a", ",\"temperature\":0")).isEmpty();
  }

  @Test
  void answersGrowOldAndMakeRoom() {
    var cache = cache(KEEPS);
    for (var key : List.of("a", "b", "c", "d")) {
      cache.keep(key, answer(1700));
    }
    assertThat(cache.find("a")).isPresent();
    cache.keep("e", answer(1700));
    assertThat(cache.find("b")).as("asked longest ago").isEmpty();
    assertThat(cache.find("a")).isPresent();
    cache.keep("huge", answer(2001));
    assertThat(cache.find("huge")).isEmpty();
    now = Duration.ofSeconds(11).toNanos();
    assertThat(cache.find("a")).isEmpty();
    assertThat(cache.told().bytes()).isEqualTo(3 * (1700 + 16 + 256));
    assertThat(cache.told().hits()).isEqualTo(2);
  }
}
