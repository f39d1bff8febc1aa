package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.OwnerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Dataset builds, in processes of their own, that are killed or run out of disk. */
@Timeout(300)
class BuildDisasterTest {
  @TempDir Path folder;
  private Path home;
  private Path log;

  @BeforeEach
  void aBaseAndALogThatTakesAWhile() throws IOException {
    home = folder.resolve("home");
    CommandLineHome.run(new Home(home), "pull", "tiny").done();
    var random = new Random(5);
    try (var out = Files.newBufferedWriter(folder.resolve("a.jsonl"))) {
      for (int i = 0; i < 6000; i++) {
        out.write(
            """
            {"id":"c%d","messages":[{"role":"user","content":"question%s"},{"role":"assistant","content":"answer%s"}]}
            """
                .formatted(i, words(random), words(random)));
      }
    }
    log = folder.resolve("a.jsonl");
  }

  private static String words(Random random) {
    return random.ints(40, 0, 5000).mapToObj(w -> " w" + w * 7919).collect(Collectors.joining());
  }

  private String[] build(String name) {
    return new String[] {
      "dataset", "build", log.toString(), "--name", name, "--base", "tiny", "--json"
    };
  }

  @Test
  void killedInMidBuildTheSameCommandCompletesAndNothingIsLeftOver() throws Exception {
    var datasets = home.resolve("datasets");
    int killedInside = 0;
    for (long millis : new long[] {0, 400, 1200}) {
      try (var building = OwnerProcess.start(home, build("big"))) {
        var process = building.process();
        while (process.isAlive() && !anyBuilding(datasets)) {
          Thread.sleep(2);
        }
        Thread.sleep(millis);
        killedInside += process.isAlive() ? 1 : 0;
        building.kill();
      }
      if (killedInside > 0 && !Files.exists(datasets.resolve("big"))) {
        var listing = CommandLineHome.run(new Home(home), "dataset", "list", "--json").done();
        assertThat(listing.json().path("items")).isEmpty();
      }
    }
    assertThat(killedInside).as("kills in mid-build").isPositive();

    var built = CommandLineHome.run(new Home(home), build("big")).done().json();

    assertThat(built.path("dataset").asString("")).isEqualTo("big@1");
    assertThat(built.path("kept").asInt()).isEqualTo(6000);
    assertThat(anyBuilding(datasets)).isFalse();
    try (var files = Files.list(datasets.resolve("big/1"))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "manifest.json",
              "README.md",
              "drops.jsonl",
              "chat_template.jinja",
              "examples",
              "conversations");
    }
    // What a build that nobody disturbed makes of the same log.
    try (var calm = new CommandLineHome(folder.resolve("calm"))) {
      calm.run("pull", "tiny").done();
      var same = calm.run(build("big")).done().json();
      assertThat(same.path("id")).isEqualTo(built.path("id"));
      assertThat(same.path("tokens")).isEqualTo(built.path("tokens"));
      assertThat(
              Files.mismatch(
                  datasets.resolve("big/1/examples/train.shard"),
                  calm.folder().resolve("datasets/big/1/examples/train.shard")))
          .isEqualTo(-1);
    }
  }

  private static boolean anyBuilding(Path datasets) throws IOException {
    if (!Files.isDirectory(datasets)) {
      return false;
    }
    try (var files = Files.list(datasets)) {
      return files.anyMatch(f -> f.getFileName().toString().startsWith("."));
    }
  }

  /** On a file system of its own, which a name space of its own takes along when it ends. */
  @Test
  void onAFullDiskABuildSaysSoAndLeavesNothing() throws Exception {
    var datasets = Files.createDirectories(home.resolve("datasets"));
    var probe = shell("mount -t tmpfs -o size=1m tmpfs " + datasets);
    assumeTrue(probe.status() == 0, () -> "no mount here: " + probe.err());
    var command =
        OwnerProcess.command(build("big")).stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));

    var ran =
        shell(
            "mount -t tmpfs -o size=1m tmpfs '%1$s' && export LATHE_HOME='%2$s'; %3$s; status=$?; ls -A '%1$s' >&2; exit $status"
                .formatted(datasets, home, command));

    assertThat(ran.refused().err()).contains("the disk is full", datasets.toString(), "Free space");
    assertThat(ran.err().lines().toList().getLast()).startsWith("       ");
    CommandLineHome.holdToSchema(ran, build("big"));
    CommandLineHome.run(new Home(home), build("big")).done();
  }

  private CommandLineHome.Ran shell(String script) throws Exception {
    var out = folder.resolve("out").toFile();
    var err = folder.resolve("err").toFile();
    Process process;
    try {
      process =
          new ProcessBuilder("unshare", "-rm", "bash", "-c", script)
              .redirectOutput(out)
              .redirectError(err)
              .start();
    } catch (IOException e) {
      return new CommandLineHome.Ran(1, "", "no unshare: " + e.getMessage());
    }
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    return new CommandLineHome.Ran(
        process.exitValue(),
        Files.readString(out.toPath(), StandardCharsets.UTF_8),
        Files.readString(err.toPath(), StandardCharsets.UTF_8));
  }
}
