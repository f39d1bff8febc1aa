package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.pipelines.supervision.RunSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WandbLogTest {
  private static final String ID = "20261121-1530-k7qd";
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-21T15:30:01.5Z"), ZoneOffset.UTC);
  private static final RunSpec SPEC =
      new RunSpec(
          ID,
          "support",
          new RunSpec.BaseRef("tiny", "ab", "/bases/tiny"),
          new RunSpec.DatasetRef("desk@1", "cd", "/datasets/desk/1"),
          Map.of("rank", 8, "targets", List.of("q_proj"), "learningRate", 2e-4),
          Instant.EPOCH,
          "0.1.0");

  @TempDir Path folder;

  private WandbLog open(long from) {
    return WandbLog.open(folder, SPEC, from, CLOCK);
  }

  private Path file() {
    return folder.resolve("offline-run-20261121_153001-" + ID).resolve("run-" + ID + ".wandb");
  }

  private static void step(WandbLog log, long step, double loss) {
    log.scalars("train", Map.of("step", step, "steps", 9L, "loss", loss, "seconds", 0.5 * step));
  }

  /** Records by what they are of, items as KEY=JSON. */
  private List<String> told() {
    var told = new ArrayList<String>();
    try {
      LevelLog.kept(Files.readAllBytes(file()), record -> told.add(told(record)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return told;
  }

  private static String told(byte[] record) {
    var fields = ProtoMessage.read(record);
    assertThat(fields).hasSize(2);
    long number = fields.getFirst().number();
    var content = ProtoMessage.read(fields.getLast().content());
    return switch (fields.getLast().field()) {
      case 21 -> number + " header";
      case 17 ->
          number
              + " run "
              + ProtoMessage.last(content, 1).orElseThrow().text()
              + " "
              + items(ProtoMessage.read(ProtoMessage.last(content, 4).orElseThrow().content()));
      case 2 -> number + " history " + items(content);
      case 3 -> number + " summary " + items(content);
      case 18 -> number + " exit " + content.getFirst().number();
      default -> "unknown " + fields.getLast().field();
    };
  }

  private static Map<String, String> items(List<ProtoMessage.Field> fields) {
    var items = new TreeMap<String, String>();
    for (var item : fields.stream().filter(f -> f.field() == 1).toList()) {
      var read = ProtoMessage.read(item.content());
      items.put(
          ProtoMessage.last(read, 1).orElseThrow().text(),
          ProtoMessage.last(read, 16).orElseThrow().text());
    }
    items.keySet().removeAll(List.of("_timestamp", "_runtime"));
    return items;
  }

  @Test
  void aRunIsItsConfigurationARowAStepASummaryAndItsEnd() {
    try (var log = open(0)) {
      log.scalars("eval", Map.of("step", 0L, "loss", 3.5));
      step(log, 1, 2.5);
      step(log, 2, Double.NaN);
      log.scalars("eval", Map.of("step", 2L, "loss", 2.25, "note", "text"));
      log.ended();
    }
    var told = told();
    assertThat(told.get(0)).isEqualTo("1 header");
    assertThat(told.get(1))
        .startsWith("2 run " + ID)
        .contains("rank=8", "targets=[\"q_proj\"]", "dataset=\"desk@1\"", "model=\"support\"");
    assertThat(told.subList(2, told.size()))
        .containsExactly(
            "3 history {_step=0, eval/loss=3.5}",
            "4 history {_step=1, train/loss=2.5, train/seconds=0.5}",
            "5 history {_step=2, eval/loss=2.25, train/loss=NaN, train/seconds=1.0}",
            "6 summary {_step=2, eval/loss=2.25, train/loss=NaN, train/seconds=1.0}",
            "7 exit 0");
  }

  /** Killed behind step 6 with a row half written; the checkpoint was that of step 4. */
  @Test
  void aRunThatGoesOnHasEveryStepOnceAndNothingTorn() throws IOException {
    var killed = open(0);
    for (int step = 1; step <= 6; step++) {
      step(killed, step, 10 - step);
    }
    killed.settle();
    Files.write(file(), new byte[] {1, 2, 3}, StandardOpenOption.APPEND);
    try (var log = open(4)) {
      for (int step = 5; step <= 8; step++) {
        step(log, step, 10 - step);
      }
      log.ended();
    }
    var resumed = told();

    Files.delete(file());
    try (var log = open(0)) {
      for (int step = 1; step <= 8; step++) {
        step(log, step, 10 - step);
      }
      log.ended();
    }
    assertThat(resumed).isEqualTo(told()).hasSize(12);
  }

  @Test
  void stoppedAndResumedItEndsOnce() {
    try (var log = open(0)) {
      step(log, 1, 3);
      log.ended();
    }
    try (var log = open(1)) {
      log.scalars("eval", Map.of("step", 1L, "loss", 3.0)); // evaluated again, as it stood there
      step(log, 2, 2);
    }
    assertThat(told().stream().filter(t -> t.contains(" exit "))).containsExactly("6 exit 1");
    assertThat(told().stream().filter(t -> t.contains(" history "))).hasSize(2);
  }

  @Test
  void aRunThatDiedBeforeItsFirstCheckpointBeginsAnew() throws IOException {
    var killed = open(0);
    step(killed, 1, 3);
    killed.settle();
    try (var log = open(0)) {
      step(log, 1, 3);
      log.ended();
    }
    assertThat(told().stream().filter(t -> t.contains(" history "))).hasSize(1);
    try (var runs = Files.list(folder)) {
      assertThat(runs).hasSize(1);
    }
  }
}
