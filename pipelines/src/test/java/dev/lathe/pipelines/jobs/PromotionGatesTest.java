package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.training.StandInEngine;
import dev.lathe.pipelines.training.StandInEngine.Damage;
import dev.lathe.pipelines.training.TinyDesk;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.GateResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Real adapters on the tiny base, real worker processes; the serving engine is a stand-in. */
class PromotionGatesTest implements Lineage {
  private static final ServedAnswers DOWN =
      (version, questions) -> {
        throw new BadInput("the engine is down", version.version(), "Start it.");
      };

  private final TinyDesk.Trained trained = TinyDesk.trained();
  private final TinyDesk desk = trained.desk();

  @Test
  void aBetterModelServedAsTrainedPassesAllThree() {
    var engine = new StandInEngine(desk, Damage.NONE, false);
    var verdict = judge(trained.good(), trained.early(), engine);
    assertThat(List.of(verdict.better(), verdict.kept(), verdict.faithful()))
        .allSatisfy(r -> assertThat(r.passed()).as(r.found()).isTrue());
    assertThat(verdict.better().found())
        .contains("desk@2", "desk@1", "the test split of desk@1", "24 conversations");
    assertThat(verdict.kept().found())
        .contains(GeneralText.sha256().substring(0, 12), "tiny", "desk@1");
    assertThat(verdict.faithful().found()).contains("of 16 answers reached their stop token");
  }

  @Test
  void aModelNoBetterThanTheIncumbentIsRefusedAndWhatCannotBeMeasuredDoesNotPass() {
    var again = desk.version("desk", 3, trained.dataset(), Path.of(trained.good().folder()));
    var verdict = judge(again, trained.good(), DOWN);
    assertThat(verdict.better().passed()).isFalse();
    assertThat(verdict.better().found()).contains("difference +0.0000");
    assertThat(verdict.kept().passed()).isTrue();
    assertThat(verdict.faithful().passed()).isFalse();
    assertThat(verdict.faithful().found()).contains("not measured: the engine is down: desk@3");
  }

  @Test
  void aModelTrainedOnItsTestSetIsRefusedByCount() {
    var seen = new ArrayList<>(TinyDesk.conversations(0, 100));
    seen.addAll(TinyDesk.conversations(100, 103));
    var leaky = desk.dataset("leaky", Map.of(Split.TRAIN, seen), Map.of());
    var candidate = desk.version("desk", 5, leaky, Path.of(trained.good().folder()));
    var verdict =
        judge(candidate, trained.early(), new StandInEngine(desk, Damage.DOUBLED_SCALE, true));
    assertThat(verdict.better().passed()).isFalse();
    assertThat(verdict.better().found())
        .contains("3 conversations of it stand in the training split of leaky@1");
    assertThat(verdict.kept().passed()).isTrue();
    assertThat(verdict.faithful().passed()).isFalse();
  }

  @Tag("slow")
  @Test
  void whatAnAdapterWasStartedFromCountsAmongItsTrainingSets() {
    var leaky =
        desk.dataset("started", Map.of(Split.TRAIN, TinyDesk.conversations(110, 112)), Map.of());
    var folder = Path.of(trained.good().folder());
    ancestor = desk.version("desk", 6, leaky, folder);
    var candidate =
        desk.version("desk", 7, trained.dataset(), folder, Map.of("initFrom", folder + "/adapter"));
    var verdict = judge(candidate, null, DOWN);
    assertThat(verdict.better().passed()).isFalse();
    assertThat(verdict.better().found())
        .contains("2 conversations of it stand in the training split of started@1");
  }

  /** A fresh DoRA changes nothing: it is the LoRA, and the base beside it is the base. */
  @Test
  void aDoraIsMeasuredBesideTheSameBaseAsALora() {
    var lora = judge(trained.good(), null, DOWN);
    var dora = judge(desk.asDora(trained.good(), 8, trained.dataset()), null, DOWN);
    for (int side = 1; side <= 2; side++) { // in bf16 a factor of one rounds once more
      assertThat(nats(dora.better(), side)).isCloseTo(nats(lora.better(), side), within(0.01));
    }
    assertThat(dora.better().passed()).isTrue();
  }

  /** What {@code better} says of the candidate (1) and of what stands beside it (2). */
  private static double nats(GateResult better, int side) {
    var found = Pattern.compile("desk@\\d+ ([0-9.]+), tiny ([0-9.]+) nats").matcher(better.found());
    assertThat(found.find()).as(better.found()).isTrue();
    return Double.parseDouble(found.group(side));
  }

  @Tag("slow")
  @Test
  void everyPartOfAMixtureCountsAmongItsTrainingSets() {
    var leaky =
        desk.dataset("part", Map.of(Split.TRAIN, TinyDesk.conversations(104, 108)), Map.of());
    var folder = Path.of(trained.good().folder());
    var candidate =
        TinyDesk.mixed(
            desk.version("desk", 8, trained.dataset(), folder),
            List.of(trained.dataset(), leaky),
            0.7,
            0.3);
    var verdict = judge(candidate, null, DOWN);
    assertThat(verdict.better().passed()).isFalse();
    assertThat(verdict.better().found())
        .contains("4 conversations of it stand in the training split of part@1");
  }

  private @Nullable ModelVersion ancestor;

  @Override
  public ModelVersion first(String model) {
    return trained.early();
  }

  @Override
  public Optional<ModelVersion> owner(Path adapter) {
    return Optional.ofNullable(ancestor);
  }

  private record Verdict(GateResult better, GateResult kept, GateResult faithful) {}

  private Verdict judge(
      ModelVersion candidate, @Nullable ModelVersion incumbent, ServedAnswers engine) {
    var told = new ArrayList<String>();
    var gates = new PromotionGates(desk.bases(), desk.datasets, this, engine);
    var results = gates.judge(candidate, incumbent, told::add);
    assertThat(told).isNotEmpty();
    assertThat(results).extracting(GateResult::name).containsExactly("better", "kept", "faithful");
    return new Verdict(results.get(0), results.get(1), results.get(2));
  }
}
