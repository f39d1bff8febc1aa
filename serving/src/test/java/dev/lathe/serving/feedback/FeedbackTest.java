package dev.lathe.serving.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.experiments.Database;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeedbackTest {
  @TempDir Path folder;

  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-21T12:00:00Z"), ZoneOffset.UTC);

  private static Feedback feedback(Database database) {
    return new Feedback(
        database.jdbc(),
        id ->
            id.equals("chatcmpl-1")
                ? Optional.of(new AnsweredRequest("smollm2", null, null, null, null))
                : Optional.empty(),
        CLOCK);
  }

  @Test
  void everyWayOfSayingItBecomesARewardFromZeroToOne() {
    assertThat(Reward.of(null, null, "up").value()).isEqualTo(1);
    assertThat(Reward.of(null, null, "down").value()).isEqualTo(0);
    assertThat(Reward.of(null, 1.0, null).value()).isEqualTo(0);
    assertThat(Reward.of(null, 3.5, null).value()).isEqualTo(0.625);
    assertThat(Reward.of(null, 5.0, null).value()).isEqualTo(1);
    assertThat(Reward.of(0.3, null, null).value()).isEqualTo(0.3);
    assertThat(Reward.of(0.3, null, null).kind()).isEqualTo("value");
  }

  @Test
  void whatIsNoRewardIsRefused() {
    assertThatThrownBy(() -> Reward.of(null, null, null)).isInstanceOf(BadInput.class);
    assertThatThrownBy(() -> Reward.of(1.0, null, "up")).hasMessageContaining("2 of them");
    assertThatThrownBy(() -> Reward.of(null, null, "UP")).isInstanceOf(BadInput.class);
    for (double bad : new double[] {-0.01, 1.01, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> Reward.of(bad, null, null)).isInstanceOf(BadInput.class);
    }
    for (double bad : new double[] {0, 5.5, Double.NaN}) {
      assertThatThrownBy(() -> Reward.of(null, bad, null)).isInstanceOf(BadInput.class);
    }
  }

  @Test
  void anAnswerOutsideOfExperimentsTakesFeedbackToo() {
    try (var database = Database.h2(folder.resolve("lathe"))) {
      var said =
          feedback(database).post("chatcmpl-1", new Reward.Thumb(true), "fine").orElseThrow();
      assertThat(said.reward()).isEqualTo(1);
      assertThat(said.experiment()).isNull();
      assertThat(feedback(database).post("chatcmpl-2", new Reward.Thumb(true), null)).isEmpty();
      assertThat(database.jdbc().sql("SELECT note FROM feedback").query(String.class).list())
          .containsExactly("fine");
    }
  }

  @Test
  void ofTwoWordsInTheSameMomentTheLaterIsLater() {
    try (var database = Database.h2(folder.resolve("lathe"))) {
      var feedback = feedback(database);
      var first = feedback.post("chatcmpl-1", new Reward.Thumb(true), null).orElseThrow();
      var second = feedback.post("chatcmpl-1", new Reward.Thumb(false), null).orElseThrow();
      assertThat(second.at()).isAfter(first.at());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a\u0000b", "ä", "a\nb"})
  void whatCannotBeAnIdIsRefused(String id) {
    try (var database = Database.h2(folder.resolve("lathe"))) {
      var feedback = feedback(database);
      assertThatThrownBy(() -> feedback.post(id, new Reward.Thumb(true), null))
          .isInstanceOf(BadInput.class);
      assertThatThrownBy(() -> feedback.post("x".repeat(100_000), new Reward.Thumb(true), null))
          .isInstanceOf(BadInput.class);
    }
  }

  @Test
  void aCommentThatCannotBeKeptIsRefused() {
    try (var database = Database.h2(folder.resolve("lathe"))) {
      var feedback = feedback(database);
      assertThatThrownBy(() -> feedback.post("chatcmpl-1", new Reward.Thumb(true), "a\0b"))
          .isInstanceOf(BadInput.class);
      assertThatThrownBy(
              () -> feedback.post("chatcmpl-1", new Reward.Thumb(true), "x".repeat(4001)))
          .isInstanceOf(BadInput.class);
    }
  }
}
