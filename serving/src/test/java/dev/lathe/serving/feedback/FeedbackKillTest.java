package dev.lathe.serving.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.experiments.Database;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was acknowledged outlives SIGKILL. */
class FeedbackKillTest {
  @TempDir Path folder;

  @Test
  void losesNothingThatWasAcknowledgedWhenItIsKilled() throws Exception {
    assertThat(acknowledged(1, 60)).isGreaterThanOrEqualTo(60);
  }

  @Test
  @Tag("slow")
  void losesNothingThatWasAcknowledgedWhenItIsKilledAgainAndAgain() throws Exception {
    assertThat(acknowledged(8, 1000)).isGreaterThanOrEqualTo(8000);
  }

  /** Kills the poster so often, each time after so many acknowledgements; how many there were. */
  private int acknowledged(int kills, int each) throws Exception {
    var file = folder.resolve("lathe");
    var acknowledged = new ArrayList<String>();
    for (int kill = 0; kill < kills; kill++) {
      var process = poster(file);
      try {
        var in = process.inputReader();
        for (int i = 0; i < each; i++) {
          acknowledged.add(in.readLine());
        }
        process.toHandle().destroyForcibly(); // the process's own would close the pipe unread
        in.lines().filter(line -> line.length() == "fb-".length() + 36).forEach(acknowledged::add);
        process.waitFor();
      } finally {
        process.destroyForcibly().waitFor();
      }
      assertThat(acknowledged).as(Files.readString(folder.resolve("err"))).doesNotContainNull();
      try (var database = Database.h2(file)) {
        var kept =
            new HashSet<>(
                database.jdbc().sql("SELECT id FROM feedback").query(String.class).list());
        assertThat(acknowledged.stream().filter(id -> !kept.contains(id)).toList())
            .as("lost at kill %d of %d acknowledged", kill, acknowledged.size())
            .isEmpty();
      }
    }
    return acknowledged.size();
  }

  private Process poster(Path file) throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                FeedbackPoster.class.getName(),
                file.toString()))
        .redirectError(Redirect.to(folder.resolve("err").toFile()))
        .start();
  }
}
