package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.pipelines.training.StandInEngine;
import dev.lathe.pipelines.training.StandInEngine.Damage;
import dev.lathe.pipelines.training.TinyDesk;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.GateResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real adapters on the tiny base, real worker processes; the serving engine is a stand-in. */
class PromotionGatesTest {
  @TempDir static Path home;
  private static TinyDesk desk;
  private static DatasetVersion dataset;
  private static ModelVersion early;
  private static ModelVersion good;

  @BeforeAll
  static void twoVersionsOfTheDesk() {
    desk = new TinyDesk(home);
    dataset =
        desk.dataset(
            "desk",
            Map.of(
                Split.TRAIN, TinyDesk.conversations(0, 100),
                Split.TEST, TinyDesk.conversations(100, 124)),
            Map.of());
    early = desk.trained("desk", 1, dataset, 40);
    good = desk.trained("desk", 2, dataset, 240);
  }

  @Test
  void aBetterModelServedAsTrainedPassesAllThree() {
    var results = judge(good, early, new StandInEngine(desk, Damage.NONE, true));
    assertThat(List.of(results.better(), results.kept(), results.faithful()))
        .allSatisfy(r -> assertThat(r.passed()).as(r.found()).isTrue());
    assertThat(results.better().found())
        .contains("desk@2", "desk@1", "the test split of desk@1", "24 conversations");
    assertThat(results.kept().found())
        .contains(GeneralText.sha256().substring(0, 12), "tiny", "desk@1");
    assertThat(results.faithful().found()).contains("of 16 answers reached their stop token");
  }

  @Test
  void anEngineThatTellsOnlyTextIsReadByTheTokenizer() {
    var results = judge(good, null, new StandInEngine(desk, Damage.NONE, false));
    assertThat(results.faithful().passed()).as(results.toString()).isTrue();
    assertThat(results.better().expected()).contains("tiny");
  }

  @ParameterizedTest
  @EnumSource(value = Damage.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void anEngineThatServesSomethingElseIsRefused(Damage damage) {
    for (boolean tellsTokens : new boolean[] {true, false}) {
      var results = judge(good, early, new StandInEngine(desk, damage, tellsTokens));
      System.err.println(damage + " " + results.faithful().found());
      assertThat(results.faithful().passed()).as(results.toString()).isFalse();
      assertThat(results.better().passed()).isTrue();
    }
  }

  @Test
  void aModelNoBetterThanTheIncumbentIsRefused() {
    var again = desk.version("desk", 3, dataset, Path.of(good.folder()));
    var results = judge(again, good, new StandInEngine(desk, Damage.NONE, true));
    assertThat(results.better().passed()).isFalse();
    assertThat(results.better().found()).contains("+0.0000");
    assertThat(results.kept().passed()).isTrue();
  }

  @Test
  void aModelThatForgotGeneralTextIsRefused() {
    var peft = PeftAdapter.read(Path.of(good.folder(), "adapter"));
    var shape = AdapterFiles.shape(peft, desk.base.config());
    var values = AdapterFiles.flat(peft, shape);
    var random = new SplittableRandom(1);
    for (int i = shape.sizeOfA(); i < values.length; i++) {
      values[i] += (float) (0.3 * random.nextGaussian());
    }
    var folder = home.resolve("models/desk/4");
    desk.write(values, shape, folder.resolve("adapter"));
    var forgetful = desk.version("desk", 4, dataset, folder);
    var results = judge(forgetful, early, new StandInEngine(desk, Damage.NONE, true));
    assertThat(results.kept().passed()).as(results.toString()).isFalse();
    assertThat(results.kept().found()).contains("%");
  }

  @Test
  void aModelTrainedOnItsTestSetIsRefusedByCount() {
    var seen = new ArrayList<>(TinyDesk.conversations(0, 100));
    seen.addAll(TinyDesk.conversations(100, 103));
    var leaky = desk.dataset("desk", Map.of(Split.TRAIN, seen), Map.of());
    var candidate = desk.version("desk", 5, leaky, Path.of(good.folder()));
    var results = judge(candidate, early, new StandInEngine(desk, Damage.NONE, true));
    assertThat(results.better().passed()).isFalse();
    assertThat(results.better().found())
        .contains("3 conversations of it stand in the training split of desk@2");
    assertThat(results.kept().passed()).isTrue();
  }

  @Test
  void whatCannotBeMeasuredDoesNotPassAndTheOthersAreMeasuredStill() {
    var results =
        judge(
            good,
            early,
            (v, q) -> {
              throw new BadInput("the engine is down", "desk@2", "Start it.");
            });
    assertThat(results.faithful().passed()).isFalse();
    assertThat(results.faithful().found()).contains("not measured: the engine is down");
    assertThat(results.better().passed()).isTrue();
    assertThat(results.kept().passed()).isTrue();
  }

  private record Verdict(GateResult better, GateResult kept, GateResult faithful) {}

  private static Verdict judge(
      ModelVersion candidate, @Nullable ModelVersion incumbent, ServedAnswers engine) {
    var told = new ArrayList<String>();
    var gates = new PromotionGates(desk.bases(), desk.datasets, name -> early, engine);
    var results = gates.judge(candidate, incumbent, told::add);
    assertThat(told).isNotEmpty();
    assertThat(results.stream().map(GateResult::name))
        .containsExactly("better", "kept", "faithful");
    return new Verdict(results.get(0), results.get(1), results.get(2));
  }
}
