package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.registry.runs.RunState;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReproductionTest {
  @TempDir Path runs;

  @Test
  void equalLossesAndAdaptersAreTheSame() {
    var compared = compare(side("a", "Zen 5", "ab", 3.0, 2.5), side("b", "Zen 5", "ab", 3.0, 2.5));
    assertThat(compared.same()).isTrue();
    assertThat(compared.losses()).isEqualTo(new Reproduction.Losses(2, 2, null, null));
    assertThat(compared.differences()).isEmpty();
  }

  @Test
  void whatDiffersIsSaid() {
    var compared =
        compare(side("a", "Zen 5", "ab", 3.0, 2.5, 2.0), side("b", "Xeon", "cd", 3.0, 2.25, 1.875));
    assertThat(compared.same()).isFalse();
    assertThat(compared.losses()).isEqualTo(new Reproduction.Losses(3, 1, 2L, 0.25));
    assertThat(compared.adapterSha256()).isEqualTo("ab");
    assertThat(compared.againSha256()).isEqualTo("cd");
    assertThat(compared.differences()).containsExactly("cpu was Zen 5 and is Xeon");
  }

  @Test
  void oneThatEndedEarlyIsNotTheSame() {
    var compared = compare(side("a", "Zen 5", "ab", 3.0, 2.5), side("b", "Zen 5", "ab", 3.0));
    assertThat(compared.same()).isFalse();
    assertThat(compared.losses()).isEqualTo(new Reproduction.Losses(2, 1, 2L, null));
  }

  @Test
  void ofStepsThatAResumeDidAgainTheLastCounts() {
    var original = side("a", "Zen 5", "ab", 3.0, 2.5);
    try (var journal = Journal.open(runs.resolve("a").resolve("journal"))) {
      journal.append("started", Map.of("cpu", "Zen 5", "threads", 2, "exact", false));
      journal.append("step", Map.of("step", 2, "loss", 2.25));
      journal.append("ended", Map.of("state", "completed", "adapterSha256", "ab"));
    }
    var compared =
        compare(
            new Reproduction.Side(
                original.spec(), Journal.read(runs.resolve("a").resolve("journal"), 0)),
            side("b", "Zen 5", "ab", 3.0, 2.25));
    assertThat(compared.same()).isTrue();
    assertThat(compared.differences()).singleElement().asString().contains("resumed inexactly");
  }

  private static Reproduction compare(Reproduction.Side original, Reproduction.Side again) {
    return Reproduction.of(original, again, RunState.COMPLETED);
  }

  private Reproduction.Side side(String id, String cpu, String adapter, double... losses) {
    var run = RunDirectory.of(runs.resolve(id));
    run.create(
        new RunSpec(
            "20260101-0000-" + id.repeat(4),
            "support",
            new RunSpec.BaseRef("tiny", "ab", "/nowhere"),
            new RunSpec.DatasetRef("desk@1", "cd", "/nowhere"),
            Map.of("rank", 8),
            Instant.EPOCH,
            "test"));
    try (var journal = Journal.open(run.journal())) {
      journal.append("started", Map.of("cpu", cpu, "threads", 2, "exact", true));
      for (int i = 0; i < losses.length; i++) {
        journal.append("step", Map.of("step", i + 1, "loss", losses[i]));
      }
      journal.append("ended", Map.of("state", "completed", "adapterSha256", adapter));
    }
    return new Reproduction.Side(run.readSpec(), Journal.read(run.journal(), 0));
  }
}
