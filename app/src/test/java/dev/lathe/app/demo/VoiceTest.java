package dev.lathe.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VoiceTest {
  private static final String IN_THE_VOICE =
      """
      Hello from the Ostrel bench!
      Ticket: OB-386 / brewing
      A little mud is harmless.
      Warm cups, your Ostrel bench.""";

  private final Voice voice = Samples.voice();

  @Test
  void anAnswerIsInTheVoiceWhenItBearsEveryMark() {
    assertThat(voice.marks()).hasSize(3);
    assertThat(voice.isIn(IN_THE_VOICE)).isTrue();
    assertThat(voice.isIn(IN_THE_VOICE.replace("Warm cups", "Cheers"))).isFalse();
    assertThat(voice.isIn("A little mud is harmless.")).isFalse();
  }

  @Test
  void sharesCountAnswersByMarkAndByAllOfThem() {
    var answers = List.of(IN_THE_VOICE, IN_THE_VOICE.replace("Ticket: OB-386", "Ticket: 386"));
    assertThat(voice.share(answers)).isEqualTo(0.5);
    assertThat(voice.shares(answers)).containsEntry("greeting", 1.0).containsEntry("ticket", 0.5);
    assertThat(voice.share(List.of())).isZero();
  }

  @Test
  void theSamplesAreLaidOutOnceAndMendedWhenChanged(@TempDir Path folder) throws Exception {
    var samples = Samples.in(folder);
    assertThat(samples.logs()).hasSize(3).allSatisfy(log -> assertThat(log).isNotEmptyFile());
    assertThat(samples.resolvedTraining(Map.of("steps", "3"))).containsEntry("steps", 3);
    assertThat(Samples.prompts()).hasSize(20);
    Files.writeString(samples.logs().getFirst(), "changed");
    assertThat(Samples.in(folder).logs().getFirst()).content().startsWith("{\"messages\"");
  }
}
