package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.program.Archive.Noise;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** T5 against transformers' and PEFT's numbers (benchmarks/reference/tiny_t5.py). */
class T5Test {
  @ParameterizedTest
  @ValueSource(strings = {"v1-0", "v1-1"})
  void logitsLossAndGradientsAreTransformersAndPefts(String version) {
    TinyLlamas.named("t5/" + version).requireAgreement();
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1-0", "v1-1"})
  void evaluationAndScoresSumToTheLossOfTraining(String version) {
    var tiny = TinyLlamas.named("t5/" + version);
    var batch = MicroBatch.of(tiny.examples());
    try (var model = tiny.open(Precision.FP64, tiny.lora())) {
      model.adapter().set(tiny.adapter(tiny.lora()));
      double loss = tiny.json("numbers.json").get("loss").asDouble();
      var score = model.evaluate(batch);
      var scores = model.scores(batch);
      long right =
          IntStream.range(0, batch.labelled())
              .filter(i -> scores.likeliest()[i] == batch.labels()[i])
              .count();
      assertThat(score.meanLoss()).isCloseTo(loss, within(1e-10));
      assertThat(score.right()).isEqualTo(right);
      assertThat(-Arrays.stream(scores.label()).average().orElseThrow())
          .isCloseTo(loss, within(1e-10));
      assertThat(
              model.evaluate(
                  new MicroBatch(new int[] {4, 1}, new int[] {2}, new int[0], new int[0])))
          .isEqualTo(Decoder.Score.NONE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1-0", "v1-1"})
  void saysGreedilyWhatTransformersSays(String version) {
    var tiny = TinyLlamas.named("t5/" + version);
    var lora = tiny.lora();
    var sources =
        IntStream.range(0, tiny.examples().size())
            .mapToObj(
                i ->
                    Arrays.copyOf(
                        tiny.examples().get(i).ids(),
                        tiny.json("examples.json").get(i).get("source").asInt()))
            .toList();
    var expected = tiny.json("numbers.json").get("generated");
    try (var model = tiny.open(Precision.FP64, lora)) {
      for (var adapter : List.of("base", "adapted")) {
        if (adapter.equals("adapted")) {
          model.adapter().set(tiny.adapter(lora));
        }
        var answers = Greedy.answers(model, sources, 12, done -> {});
        for (int i = 0; i < sources.size(); i++) {
          int[] said = TinyLlamas.ints(expected.get(adapter).get(i));
          boolean ended = said[said.length - 1] == 1;
          assertThat(answers.get(i))
              .as(adapter + " " + i)
              .isEqualTo(ended ? Arrays.copyOf(said, said.length - 1) : said);
        }
      }
    }
  }

  /** A subset's gradients are those that the whole adapter has there, when the rest is zero. */
  @Test
  void everyProjectionCanBeAdaptedAlone() {
    var tiny = TinyLlamas.named("t5/v1-1");
    var batch = MicroBatch.of(tiny.examples());
    var whole = tiny.lora();
    for (Projection projection : tiny.config().projections()) {
      var alone = tiny.lora(List.of(projection));
      var values = TinyLlamas.noise(alone);
      var laid = new float[whole.size()];
      each(alone, whole, (from, to, n) -> System.arraycopy(values, from, laid, to, n));
      var found = gradient(tiny, alone, values, batch);
      var expected = gradient(tiny, whole, laid, batch);
      var there = new double[alone.size()];
      each(alone, whole, (to, from, n) -> System.arraycopy(expected, from, there, to, n));
      assertThat(TinyLlamas.relative(found, there)).as(projection.path()).isLessThan(1e-12);
      assertThat(alone.modules())
          .hasSize(tiny.config().layersWith(projection))
          .allMatch(m -> m.path().endsWith(projection.path()));
    }
  }

  @Test
  void anAdapterOfPeftsFitsAndComesBackUnderItsNames() {
    var tiny = TinyLlamas.named("t5/v1-1");
    var adapter = PeftAdapter.read(tiny.folder().resolve("adapter"));
    var shape = AdapterFiles.shape(adapter, tiny.config());
    assertThat(shape.modules()).hasSize(2 * 7 + 3 * 11);
    var flat = AdapterFiles.flat(adapter, shape);
    assertThat(flat).isEqualTo(tiny.adapter(tiny.lora()));
    var back = AdapterFiles.named(flat, shape, adapter.config());
    assertThat(back.modules()).containsOnlyKeys(adapter.modules().keySet());
    assertThat(text(back, PeftAdapter.CONFIG)).contains("SEQ_2_SEQ_LM");
  }

  /** PEFT takes a last name for all modules of that name: here a longer one has to be told. */
  @Test
  void aPartOfTheProjectionsOfOneNameComesBack(@TempDir Path folder) {
    var tiny = TinyLlamas.named("t5/v1-1");
    var config = tiny.config();
    var meant =
        config.projections().stream().filter(p -> p.isMeantBy("EncDecAttention.v")).toList();
    var shape = tiny.lora(meant);
    var values = TinyLlamas.noise(shape);
    var settings = new AdapterConfig(4, 8, false, 0, shape.targetNames(), "tiny", null);
    AdapterFiles.named(values, shape, settings).write(folder.resolve("adapter"));
    var back = PeftAdapter.read(folder.resolve("adapter"));
    assertThat(back.config().targets()).containsExactly("EncDecAttention.v");
    assertThat(AdapterFiles.shape(back, config)).isEqualTo(shape);
    assertThat(AdapterFiles.flat(back, shape)).isEqualTo(values);
  }

  @Test
  void dropoutAndNoiseAreDrawnAgainFromTheSameSeed() {
    var tiny = TinyLlamas.named("t5/v1-1");
    var lora = tiny.lora();
    var batch = MicroBatch.of(tiny.examples());
    var noisy = Training.PLAIN.with(new Noise(0.2, 5));
    try (var model = tiny.open(Precision.FP32, lora, noisy);
        var calm = tiny.open(Precision.FP32, lora)) {
      model.adapter().set(tiny.adapter(lora));
      calm.adapter().set(tiny.adapter(lora));
      Decoder.seed(3);
      double first = model.gradients(batch, 1, Way.FAST);
      var gradient = model.adapter().gradientValues();
      model.adapter().zeroGradient();
      Decoder.seed(3);
      assertThat(model.gradients(batch, 1, Way.FAST)).isEqualTo(first);
      assertThat(model.adapter().gradientValues()).isEqualTo(gradient);
      assertThat(model.gradients(batch, 1, Way.FAST)).isNotEqualTo(first);
      assertThat(model.evaluate(batch)).isEqualTo(calm.evaluate(batch));
    }
  }

  @Test
  void bf16StaysNear() {
    var tiny = TinyLlamas.named("t5/v1-1");
    var batch = MicroBatch.of(tiny.examples());
    try (var model = tiny.open(Precision.BF16, tiny.lora())) {
      model.adapter().set(tiny.adapter(tiny.lora()));
      double loss = tiny.json("numbers.json").get("loss").asDouble();
      assertThat(model.gradients(batch, 1, Way.FAST) / batch.labelled())
          .isCloseTo(loss, within(0.05 * loss));
      assertThat(model.adapter().gradientValues()).doesNotContain(Double.NaN);
    }
  }

  @Test
  void noMagnitudes() {
    var tiny = TinyLlamas.named("t5/v1-0");
    assertThatThrownBy(() -> tiny.open(Precision.FP32, tiny.lora().withMagnitudes()))
        .hasMessageContaining("DoRA");
  }

  private interface Copy {
    void of(int from, int to, int length);
  }

  /** The matrices of {@code alone}, and where they lie in {@code whole}. */
  private static void each(LoraShape alone, LoraShape whole, Copy copy) {
    for (var m : alone.modules()) {
      var there =
          whole.modules().stream().filter(o -> o.path().equals(m.path())).findFirst().orElseThrow();
      copy.of(m.aAt(), there.aAt(), 4 * m.in());
      copy.of(m.bAt(), there.bAt(), 4 * m.out());
    }
  }

  private static double[] gradient(
      TinyLlamas tiny, LoraShape shape, float[] values, MicroBatch batch) {
    try (var model = tiny.open(Precision.FP64, shape)) {
      model.adapter().set(values);
      model.gradients(batch, 0.1, Way.TAPE);
      return model.adapter().gradientValues();
    }
  }

  private static String text(PeftAdapter adapter, String file) {
    var bytes = Objects.requireNonNull(adapter.files().get(file));
    return new String(
        bytes.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE),
        java.nio.charset.StandardCharsets.UTF_8);
  }
}
