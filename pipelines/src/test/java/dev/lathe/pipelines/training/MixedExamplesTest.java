package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.training.Learning.Evaluation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MixedExamplesTest {
  @TempDir static Path home;
  private static TinyDesk desk;

  @BeforeAll
  static void desk() {
    desk = new TinyDesk(home);
  }

  private static Rows rows(String name, List<Conversation> conversations) {
    var dataset = desk.dataset(name, Map.of(Split.TRAIN, conversations), Map.of());
    var shard = desk.datasets.folder(dataset).shard(Split.TRAIN);
    return new Rows(shard, 0, desk.base.config().vocabSize(), Recipe.Objective.SFT);
  }

  private static Examples examples(double[] weights, Rows... rows) {
    var parts =
        IntStream.range(0, rows.length)
            .mapToObj(i -> new Examples.Part("part" + i, rows[i]))
            .toList();
    return new Examples(parts, weights, 0, Recipe.Objective.SFT);
  }

  @Test
  void partsAreNumberedThrough() {
    var a = TinyDesk.conversations(0, 3);
    var b = TinyDesk.conversations(7, 12);
    try (var mixed = examples(new double[] {3, 1}, rows("a", a), rows("b", b));
        var alone = examples(new double[0], rows("b", b))) {
      assertThat(mixed.size()).isEqualTo(8);
      assertThat(mixed.partOf()).containsExactly(0, 0, 0, 1, 1, 1, 1, 1);
      assertThat(mixed.id(3)).isEqualTo("desk-7 of part1");
      assertThat(mixed.sequence(6).ids()).isEqualTo(alone.sequence(3).ids());
      assertThat(mixed.lengths()[7]).isEqualTo(alone.lengths()[4]);
      assertThat(mixed.shares()).containsExactly(0.75, 0.25);
    }
  }

  @Test
  void anEvaluationReadsOfEveryPartItsShare() {
    var many = TinyDesk.conversations(0, 60);
    try (var mixed = examples(new double[] {3, 1}, rows("c", many), rows("d", many))) {
      var parts = mixed.byPart(200, 1000);
      assertThat(mixed.tokens(parts.get(0))).isBetween(700L, 750L);
      assertThat(mixed.tokens(parts.get(1))).isBetween(200L, 250L);
      assertThat(mixed.inOrder(200, 1000)).hasSize(parts.get(0).size() + parts.get(1).size());
      assertThat(mixed.tokens(mixed.inOrder(200))).isEqualTo(IntStream.of(mixed.lengths()).sum());
    }
  }

  @Test
  void conversationsThatAreHeldOutOfOneDatasetAndLearntInAnotherAreFound() {
    try (var train =
            examples(
                new double[0],
                rows("e", TinyDesk.conversations(0, 5)),
                rows("f", TinyDesk.conversations(20, 30)));
        var apart =
            examples(
                new double[0],
                rows("g", TinyDesk.conversations(5, 9)),
                rows("h", TinyDesk.conversations(20, 21)));
        var mixedUp =
            examples(
                new double[0],
                rows("i", TinyDesk.conversations(28, 32)),
                rows("j", TinyDesk.conversations(40, 42)))) {
      assertThat(apart.foundElsewhere(train)).as("a dataset's own affair").isZero();
      assertThat(mixedUp.foundElsewhere(train)).isEqualTo(2);
    }
  }

  @Test
  void evaluationsOfPartsAreMixedByTheirShares() {
    var found =
        Evaluation.mixed(
            List.of("a@1", "b@2"),
            List.of(
                new Evaluation(2, Map.of("perplexity", 7.0, "tokenAccuracy", 0.5, "tokens", 30L)),
                new Evaluation(4, Map.of("perplexity", 50.0, "tokenAccuracy", 0.1, "tokens", 5L))),
            new double[] {0.75, 0.25});
    assertThat(found.meanLoss()).isEqualTo(2.5);
    assertThat(figure(found, "perplexity")).isCloseTo(Math.exp(2.5), within(1e-12));
    assertThat(figure(found, "tokenAccuracy")).isCloseTo(0.4, within(1e-12));
    assertThat(found.figures().get("tokens")).isEqualTo(35L);
    assertThat(found.figures().get("loss/a@1")).isEqualTo(2.0);
    assertThat(found.figures().get("loss/b@2")).isEqualTo(4.0);
  }

  private static double figure(Evaluation evaluation, String name) {
    return Objects.requireNonNull(evaluation.figures().get(name)).doubleValue();
  }
}
