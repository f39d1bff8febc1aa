package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome.Ran;
import dev.lathe.app.owner.OwnerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The demo where no source of bases answers, in processes of its own, whole and interrupted. */
@Tag("slow")
@Timeout(900)
class DemoTest {
  /** A port that nobody listens at. */
  private static final Map<String, String> NOWHERE =
      Map.of(
          "HF_ENDPOINT", "http://127.0.0.1:9",
          "PIP_INDEX_URL", "http://127.0.0.1:9/simple",
          "PIP_NO_INDEX", "1",
          "PIP_RETRIES", "0");

  @TempDir Path folder;

  /** How a demo is interrupted. */
  enum Interrupt {
    CTRL_C,
    KILLED,
    KILLED_WITH_ITS_RUN
  }

  @Test
  void withoutAnySourceATinyBaseIsTakenAndTheSecondDemoTrainsNothing() throws Exception {
    var first = demo().done().json();
    assertThat(first.path("base").asString("")).isEqualTo("tiny");
    assertThat(first.path("baseReason").asString("")).contains("a random base", "no source");
    assertThat(first.path("eval").path("tuned").asDouble())
        .isLessThan(first.path("eval").path("base").asDouble());
    assertThat(first.path("answers").size()).isEqualTo(20);

    var second = demo().done().json();
    assertThat(second.path("reused").asBoolean(false)).isTrue();
    assertThat(second.path("run")).isEqualTo(first.path("run"));
    assertThat(second.path("dataset")).isEqualTo(first.path("dataset"));
    assertThat(second.path("answers")).isEqualTo(first.path("answers"));
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptedDemoGoesOnWithItsRun(Interrupt how) throws Exception {
    String run;
    try (var demo = start()) {
      run = runThatTookSteps();
      switch (how) {
        case CTRL_C -> {
          signal("-INT", demo.process().pid());
          assertThat(demo.process().waitFor(120, TimeUnit.SECONDS)).isTrue();
        }
        case KILLED -> demo.kill();
        case KILLED_WITH_ITS_RUN -> {
          var below = demo.process().descendants().toList();
          demo.kill();
          below.forEach(ProcessHandle::destroyForcibly);
        }
      }
    }
    var again = demo().done().json();
    assertThat(again.path("run").asString("")).isEqualTo(run);
    if (how == Interrupt.KILLED_WITH_ITS_RUN) { // else the run went on, and may have ended by now
      assertThat(again.path("reused").asBoolean(true)).isFalse();
    }
    try (var runs = Files.list(folder.resolve("home/runs"))) {
      assertThat(runs).hasSize(1);
    }
  }

  private OwnerProcess start() throws IOException {
    return OwnerProcess.start(folder.resolve("home"), NOWHERE, "demo", "--json");
  }

  private Ran demo() throws Exception {
    try (var demo = start()) {
      var err = new StringBuilder();
      var reading =
          Thread.ofVirtual()
              .start(
                  () ->
                      demo.process()
                          .errorReader()
                          .lines()
                          .forEach(l -> err.append(l).append('\n')));
      var out =
          new String(
              demo.process().getInputStream().readAllBytes(),
              java.nio.charset.StandardCharsets.UTF_8);
      int status = demo.process().waitFor();
      reading.join();
      var ran = new Ran(status, out, err.toString());
      CommandLineHome.holdToSchema(ran, "demo", "--json");
      return ran;
    }
  }

  /** The id of the run that the demo trains, once a few of its steps are written down. */
  private String runThatTookSteps() throws Exception {
    for (int i = 0; i < 6000; i++) {
      var found = journal();
      if (found.isPresent()
          && Files.readString(found.get()).lines().filter(l -> l.contains("\"step\"")).count()
              > 3) {
        return folder.resolve("home/runs").relativize(found.get()).getName(0).toString();
      }
      Thread.sleep(20);
    }
    throw new AssertionError("the demo's run takes no steps");
  }

  private Optional<Path> journal() throws IOException {
    var runs = folder.resolve("home/runs");
    if (!Files.isDirectory(runs)) {
      return Optional.empty();
    }
    try (var files = Files.walk(runs, 2)) {
      return files
          .filter(f -> List.of("journal.jsonl", "journal").contains(f.getFileName() + ""))
          .findFirst();
    }
  }

  private static void signal(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", signal, Long.toString(pid)).start().waitFor()).isZero();
  }
}
