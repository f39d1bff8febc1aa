package dev.lathe.serving.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.registry.models.ModelVersion;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalModel;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StandingsTest {
  /** Engines that come up when the test says so. */
  private final Map<String, CountDownLatch> mayCome = new ConcurrentHashMap<>();

  private final Map<String, Integer> failures = new ConcurrentHashMap<>();

  private final LocalEngines engines =
      new LocalEngines() {
        @Override
        public Lease lease(LocalModel model) {
          if (failures.merge(model.id(), -1, Integer::sum) >= 0) {
            throw new EngineUnavailable("no room");
          }
          try {
            var may = mayCome.get(model.id());
            if (may != null && !may.await(30, TimeUnit.SECONDS)) {
              throw new EngineUnavailable("the test forgot it");
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return new Lease() {
            @Override
            public URI address() {
              return URI.create("http://127.0.0.1:9");
            }

            @Override
            public void broken() {}

            @Override
            public void close() {}
          };
        }

        @Override
        public void unload(String modelId) {}

        @Override
        public void close() {}
      };

  private final Standings standings = new Standings(engines);

  @AfterEach
  void stop() {
    standings.close();
    mayCome.values().forEach(CountDownLatch::countDown);
  }

  private static Target.Local version(int number) {
    var version =
        new ModelVersion(
            "support@" + number,
            "support",
            number,
            "r" + number,
            "desk@1",
            "d",
            "tiny",
            "b",
            "t",
            List.of(),
            Map.of(),
            Map.of(),
            List.of(),
            "/tmp",
            null,
            Instant.EPOCH);
    var model =
        new LocalModel(version.version(), Path.of("b.gguf"), Path.of("a"), Path.of("."), 512);
    return new Target.Local(model, "tiny", version, "champion");
  }

  private String answers(int wanted) {
    return standings.answering(version(wanted)).name();
  }

  private void until(int wanted, String answers) throws InterruptedException {
    while (!answers(wanted).equals(answers)) {
      Thread.sleep(5);
    }
  }

  @Test
  void theOldVersionAnswersUntilTheNewOnesEngineIsUp() throws Exception {
    assertThat(answers(1)).isEqualTo("support@1");
    mayCome.put("support@2", new CountDownLatch(1));
    for (int i = 0; i < 100; i++) {
      assertThat(answers(2)).isEqualTo("support@1");
    }
    assertThat(standings.moving())
        .containsExactly(new Standings.Moving("support@champion", "support@1", "support@2", null));
    mayCome.get("support@2").countDown();
    until(2, "support@2");
    assertThat(standings.moving()).isEmpty();
  }

  @Test
  void anEngineThatDoesNotComeUpIsTriedAgainWhileTheOldOneAnswers() throws Exception {
    answers(1);
    failures.put("support@2", 1);
    assertThat(answers(2)).isEqualTo("support@1");
    while (standings.moving().isEmpty() || standings.moving().getFirst().problem() == null) {
      Thread.sleep(5);
    }
    assertThat(standings.moving().getFirst().problem()).isEqualTo("no room");
    assertThat(answers(2)).isEqualTo("support@1");
    until(2, "support@2");
  }

  @Test
  void whatIsTakenBackBeforeItWasUpNeverAnswers() throws Exception {
    answers(1);
    mayCome.put("support@2", new CountDownLatch(1));
    answers(2);
    assertThat(answers(1)).isEqualTo("support@1");
    assertThat(standings.moving()).isEmpty();
    mayCome.get("support@2").countDown();
    Thread.sleep(50);
    assertThat(answers(1)).isEqualTo("support@1");
    assertThat(standings.moving()).isEmpty();
  }

  @Test
  void theLastOfSeveralPromotionsWins() throws Exception {
    answers(1);
    mayCome.put("support@2", new CountDownLatch(1));
    answers(2);
    until(3, "support@3");
    mayCome.get("support@2").countDown();
    Thread.sleep(50);
    assertThat(answers(3)).isEqualTo("support@3");
  }
}
