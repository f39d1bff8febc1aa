package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.Trained.Vector;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Noise;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.FullShape;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Full fine-tuning against transformers' numbers (benchmarks/reference/tiny_full.py). */
class FullTest {
  private static final Training FULL = Training.PLAIN.ofAllWeights();
  private static final TinyLlamas LLAMA = TinyLlamas.named("tiny-llama");

  @ParameterizedTest
  @MethodSource("dev.lathe.engine.TinyLlamas#toldOfWhole")
  void lossAndGradientsOfAllWeightsAreTransformers(String name) {
    var tiny = TinyLlamas.named(name);
    var expected = tiny.json("full.json");
    var shape = FullShape.of(tiny.config());
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = open(tiny, Precision.FP64, FULL);
        var bare = tiny.open(Precision.FP64, LoraShape.none(tiny.config()))) {
      assertThat(TinyLlamas.relative(logits(decoder, batch), logits(bare, batch)))
          .isLessThan(1e-11);
      for (var way : Way.values()) {
        decoder.trained().zeroGradient();
        double loss = decoder.gradients(batch, 1.0 / batch.labelled(), way) / batch.labelled();
        assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(1e-10));
        var found = decoder.trained().gradientValues();
        assertThat(expected.get("gradients").size()).isEqualTo(shape.parts().size());
        for (var part : shape.parts()) {
          TinyLlamas.told(
              stored(found, part),
              expected.get("gradients").get(part.name()),
              way + " " + part.name());
        }
      }
    }
  }

  /** What the model computes with is its files' weights, to the bit. */
  @ParameterizedTest
  @CsvSource({"qwen3,BF16", "qwen3,FP32", "gemma3,FP32"}) // norms of heads, and norms that add one
  void beforeTheFirstStepItIsTheBase(String family, Precision precision) {
    var tiny = TinyLlamas.named("families/" + family);
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = open(tiny, precision, FULL);
        var bare = tiny.open(precision, LoraShape.none(tiny.config()))) {
      assertThat(decoder.scores(batch).label()).isEqualTo(bare.scores(batch).label());
    }
  }

  @Test
  void gradientsInBf16AreThoseOfTheExactModelButForRounding() {
    var batch = MicroBatch.of(LLAMA.examples());
    try (var decoder = open(LLAMA, Precision.BF16, FULL);
        var exact = open(LLAMA, Precision.FP64, FULL)) {
      assertThat(TinyLlamas.relative(gradient(decoder, batch), gradient(exact, batch)))
          .isLessThan(0.05);
    }
  }

  @ParameterizedTest
  @EnumSource(PreferenceObjective.class)
  void preferencesTeachTheWeightsAsTheTapeHasIt(PreferenceObjective objective) {
    var tiny = TinyLlamas.named("families/phi"); // a head of its own with a bias
    var batch = MicroBatch.of(tiny.examples().subList(0, 2));
    try (var decoder = open(tiny, Precision.FP64, FULL)) {
      decoder.keepReference();
      var before = decoder.referenceScores(batch).labelSums(batch);
      gradient(decoder, batch);
      decoder.trained().update(AdamW.of(0, 0), 1e-3, 1);
      assertThat(decoder.referenceScores(batch).labelSums(batch)).isEqualTo(before);
      assertThat(decoder.scores(batch).labelSums(batch)).isNotEqualTo(before);
      double[][] found = new double[2][];
      for (var way : Way.values()) {
        decoder.trained().zeroGradient();
        decoder.preference(batch, new boolean[] {true, false}, before, objective.loss, way);
        found[way.ordinal()] = decoder.trained().gradientValues();
      }
      assertThat(Arrays.stream(found[0]).anyMatch(g -> g != 0)).isTrue();
      assertThat(TinyLlamas.relative(found[0], found[1])).isLessThan(1e-9);
    }
  }

  enum PreferenceObjective {
    DPO(new PreferenceLoss.Dpo(0.1, 0.1, 1, 0.5)),
    KTO(new PreferenceLoss.Kto(0.1, 0.2, 1, 0.7, 1));

    final PreferenceLoss loss;

    PreferenceObjective(PreferenceLoss loss) {
      this.loss = loss;
    }
  }

  @Test
  void noiseOnEmbeddingsIsTheSameOnTheFastPathAndOnTheTape() {
    // A conversation of one whole tile: both ways draw the same numbers.
    var ids = IntStream.range(0, 64).map(i -> 3 + i * 7 % 200).toArray();
    var batch = MicroBatch.of(List.of(new MicroBatch.Sequence(ids, ids)));
    double[][] found = new double[2][];
    try (var decoder = open(LLAMA, Precision.FP64, FULL.with(new Noise(0, 5)))) {
      for (var way : Way.values()) {
        Decoder.seed(11);
        decoder.trained().zeroGradient();
        decoder.gradients(batch, 0.1, way);
        found[way.ordinal()] = decoder.trained().gradientValues();
      }
    }
    assertThat(TinyLlamas.relative(found[0], found[1])).isLessThan(1e-9);
  }

  @Test
  void checkpointingChangesNoBit() {
    double[] kept = null;
    for (var checkpointing : Checkpointing.values()) {
      try (var decoder = open(LLAMA, Precision.FP32, FULL.with(checkpointing))) {
        var gradient = gradient(decoder, MicroBatch.of(LLAMA.examples()));
        kept = kept == null ? gradient : kept;
        assertThat(gradient).as(checkpointing.name()).isEqualTo(kept);
      }
    }
  }

  /** AdamW's first step is the rate in size, by the sign of the gradient; and the model moves. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "FP32"})
  void matricesDecayAndVectorsDoNot(Precision precision) {
    var tiny = TinyLlamas.named("families/gemma3");
    var shape = FullShape.of(tiny.config());
    var batch = MicroBatch.of(tiny.examples());
    double rate = 1e-2;
    try (var decoder = open(tiny, precision, FULL)) {
      var before = values(decoder, Vector.PARAMETERS);
      var scores = decoder.scores(batch).label();
      var gradient = gradient(decoder, batch);
      double norm = decoder.trained().update(AdamW.of(0.5, 0), rate, 1);
      var after = values(decoder, Vector.PARAMETERS);
      assertThat(norm)
          .isCloseTo(Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum()), within(1e-6 * norm));
      int moved = 0;
      for (int i = 0; i < shape.size(); i++) {
        if (Math.abs(gradient[i]) > 1e-4) {
          double decay = i < shape.matrices() ? 0.5 : 0;
          double expected = before[i] * (1 - rate * decay) - Math.signum(gradient[i]) * rate;
          assertThat((double) after[i]).isCloseTo(expected, within(2e-5));
          moved++;
        }
      }
      assertThat(moved).isGreaterThan(shape.size() / 2);
      assertThat(decoder.scores(batch).label()).isNotEqualTo(scores);
      assertThat(decoder.evaluate(batch).loss()).isLessThan(-Arrays.stream(scores).sum());
    }
  }

  /** All that is in a checkpoint makes the same next step; also where heads have norms. */
  @Test
  void goesOnFromWhatWasCopiedOut() {
    var tiny = TinyLlamas.named("families/qwen3");
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = open(tiny, Precision.BF16, FULL);
        var other = open(tiny, Precision.BF16, FULL)) {
      gradient(decoder, batch);
      decoder.trained().update(AdamW.of(0.1, 1), 1e-2, 1);
      var there = other.full().orElseThrow();
      for (var vector : Vector.values()) {
        there.copyFrom(vector, 0, MemorySegment.ofArray(values(decoder, vector)));
      }
      there.worn();
      for (var each : List.of(decoder, other)) {
        gradient(each, batch);
        each.trained().update(AdamW.of(0.1, 1), 1e-2, 2);
      }
      for (var vector : Vector.values()) {
        assertThat(values(other, vector)).isEqualTo(values(decoder, vector));
      }
      assertThat(other.scores(batch).label()).isEqualTo(decoder.scores(batch).label());
      int[] prompt = Arrays.copyOf(tiny.examples().get(1).ids(), 25);
      assertThat(Greedy.answers(other, List.of(prompt), 8, done -> {}).getFirst())
          .isEqualTo(Greedy.answers(decoder, List.of(prompt), 8, done -> {}).getFirst());
    }
  }

  @Test
  void keepsNothingFromStepToStep() {
    var batch = MicroBatch.of(LLAMA.examples());
    try (var decoder = open(LLAMA, Precision.BF16, FULL)) {
      gradient(decoder, batch);
      decoder.trained().update(AdamW.of(0, 1), 1e-3, 1);
      int arrays = decoder.managedArrays();
      for (int step = 2; step < 5; step++) {
        gradient(decoder, batch);
        decoder.trained().update(AdamW.of(0, 1), 1e-3, step);
        assertThat(decoder.managedArrays()).isEqualTo(arrays);
      }
    }
  }

  private static Decoder open(TinyLlamas tiny, Precision precision, Training training) {
    return tiny.open(precision, LoraShape.none(tiny.config()), training);
  }

  private static double[] gradient(Decoder decoder, MicroBatch batch) {
    decoder.trained().zeroGradient();
    decoder.gradients(batch, 0.1, Way.FAST);
    return decoder.trained().gradientValues();
  }

  private static float[] values(Decoder decoder, Vector vector) {
    var full = decoder.full().orElseThrow();
    var values = MemorySegment.ofArray(new float[full.shape().size()]);
    full.copyTo(vector, 0, values);
    return values.toArray(ValueLayout.JAVA_FLOAT);
  }

  private static double[] logits(Decoder decoder, MicroBatch batch) {
    var rows = decoder.logits(batch.ids(), batch.lengths(), batch.at());
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  /** A part of the flat vector as its file would have it. */
  private static double[] stored(double[] flat, FullShape.Part part) {
    var values = Arrays.copyOfRange(flat, part.at(), part.at() + part.size());
    if (!part.turned()) {
      return values;
    }
    var turned = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      turned[i % part.columns() * part.rows() + i / part.columns()] = values[i];
    }
    return turned;
  }
}
