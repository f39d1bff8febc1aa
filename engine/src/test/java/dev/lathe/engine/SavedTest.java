package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.SavedModules;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.Trained.Vector;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Noise;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.program.SavedShape;
import dev.lathe.engine.tensors.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Embeddings and heads trained whole beside an adapter, against PEFT's numbers
 * (benchmarks/reference/tiny_saved.py) and transformers' (tiny_full.py).
 */
class SavedTest {
  private static final TinyLlamas LLAMA = TinyLlamas.named("tiny-llama");
  private static final TinyLlamas UNTIED = TinyLlamas.named("tiny-llama-untied");

  private static LoraShape whole(TinyLlamas tiny) {
    var config = tiny.config();
    return tiny.lora().with(new SavedShape(config, true, !config.tiedEmbeddings()));
  }

  /** Tied embeddings as one, tied ones that PEFT parted, and such as never were; single rows. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny-llama-untied/both",
        "tiny-llama-untied/head",
        "tiny-llama-untied/rows",
        "tiny-llama/tied",
        "tiny-llama/rows",
        "tiny-llama/embedding",
        "tiny-llama/head",
        "tiny-llama/copies"
      })
  void lossAndGradientsArePefts(String which) {
    var tiny = TinyLlamas.named(which.split("/")[0]);
    var folder = tiny.folder().resolve("saved").resolve(which.split("/")[1]);
    var expected = new TinyLlamas(folder).json("numbers.json");
    var adapter = PeftAdapter.read(folder);
    var seen = SavedModules.base(tiny.base(), adapter);
    assertThat(seen.config().tiedEmbeddings()).isEqualTo(which.matches("tiny-llama/(tied|rows)"));
    var shape =
        AdapterFiles.shape(adapter, seen.config()).with(AdapterFiles.saved(adapter, seen.config()));
    var batch = MicroBatch.of(tiny.examples());
    try (var weights = SavedModules.over(tiny.base().weights(), seen, adapter);
        var decoder =
            Decoder.open(
                weights, seen.config(), shape, Training.PLAIN, Precision.FP64, TinyLlamas.CPU);
        var plain =
            Decoder.open(
                weights,
                seen.config(),
                AdapterFiles.shape(adapter, seen.config()),
                Training.PLAIN,
                Precision.FP64,
                TinyLlamas.CPU)) {
      decoder.adapter().set(AdapterFiles.flat(adapter, shape));
      plain.adapter().set(AdapterFiles.flat(adapter, shape));
      assertThat(decoder.scores(batch).label()).isEqualTo(plain.scores(batch).label());
      for (var way : Way.values()) {
        decoder.adapter().zeroGradient();
        double loss = decoder.gradients(batch, 1.0 / batch.labelled(), way) / batch.labelled();
        assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(1e-10));
        var found = decoder.adapter().gradientValues();
        var stretches = AdapterFiles.stretches(shape);
        var learnt = names(expected.get("gradients").propertyNames());
        if (which.equals("tiny-llama/tied")) { // under two names in the file
          assertThat(stretches.remove("base_model.model.lm_head.weight")).isNotNull();
        }
        assertThat(stretches.keySet()).isEqualTo(learnt);
        stretches.forEach(
            (name, s) ->
                TinyLlamas.told(
                    Arrays.copyOfRange(found, (int) s.from(), (int) (s.from() + s.size())),
                    expected.get("gradients").get(name),
                    way + " " + name));
      }
    }
  }

  private static Set<String> names(Iterable<String> names) {
    var set = new HashSet<String>();
    names.forEach(set::add);
    return set;
  }

  /** With B zero an adapter changes nothing, and the matrices' gradients are full fine-tuning's. */
  @ParameterizedTest
  @MethodSource("dev.lathe.engine.TinyLlamas#toldOfWhole")
  void everyFamilysEmbeddingsLearnAsTransformersHasIt(String name) {
    var tiny = TinyLlamas.named(name);
    var shape = whole(tiny);
    var expected = tiny.json("full.json").get("gradients");
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = tiny.open(Precision.FP64, shape)) {
      decoder.adapter().set(Adapter.initial(shape, 1));
      for (var way : Way.values()) {
        decoder.adapter().zeroGradient();
        decoder.gradients(batch, 1.0 / batch.labelled(), way);
        var found = decoder.adapter().gradientValues();
        for (var part : shape.saved().parts()) {
          TinyLlamas.told(
              Arrays.copyOfRange(found, part.at(), part.at() + part.size()),
              expected.get(part.name()),
              way + " " + part.name());
        }
      }
    }
  }

  /**
   * Beside magnitudes, on a packed base, with noise: what is written out is what autograd finds.
   */
  @ParameterizedTest
  @CsvSource({"true, NONE", "false, NF4", "true, INT8"})
  void theFastPathIsTheTapes(boolean dora, Packing packing) {
    var shape = dora ? whole(UNTIED).withMagnitudes() : whole(UNTIED);
    var training = Training.PLAIN.with(packing).with(new Noise(dora ? 0 : 0.1, dora ? 0 : 0.5));
    var batch = MicroBatch.of(UNTIED.examples().subList(0, 1));
    try (var decoder = UNTIED.open(Precision.FP64, shape, training)) {
      decoder.adapter().begin(TinyLlamas.noise(shape));
      double[][] found = new double[2][];
      for (var way : Way.values()) {
        Decoder.seed(3);
        decoder.adapter().zeroGradient();
        decoder.gradients(batch, 0.1, way);
        found[way.ordinal()] = decoder.adapter().gradientValues();
      }
      assertThat(found[0]).hasSize(shape.learned());
      if (dora) { // by chance the tape draws others
        assertThat(TinyLlamas.relative(found[0], found[1])).isLessThan(1e-9);
      }
      int head = UNTIED.config().vocabSize() * UNTIED.config().hiddenSize();
      assertThat(Arrays.stream(found[0], 0, head).anyMatch(g -> g != 0)).isTrue();
      assertThat(Arrays.stream(found[0], head, 2 * head).anyMatch(g -> g != 0)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(FullTest.PreferenceObjective.class)
  void preferencesTeachThemToo(FullTest.PreferenceObjective objective) {
    var batch = MicroBatch.of(LLAMA.examples().subList(0, 2));
    var shape = whole(LLAMA);
    try (var decoder = LLAMA.open(Precision.FP64, shape)) {
      decoder.adapter().set(TinyLlamas.noise(shape));
      decoder.keepReference();
      var before = decoder.referenceScores(batch).labelSums(batch);
      decoder.gradients(batch, 0.1, Way.FAST);
      decoder.adapter().update(AdamW.of(0, 0), 1e-3, 1);
      assertThat(decoder.referenceScores(batch).labelSums(batch)).isEqualTo(before);
      assertThat(decoder.scores(batch).labelSums(batch)).isNotEqualTo(before);
      double[][] found = new double[2][];
      for (var way : Way.values()) {
        decoder.adapter().zeroGradient();
        decoder.preference(batch, new boolean[] {true, false}, before, objective.loss, way);
        found[way.ordinal()] = decoder.adapter().gradientValues();
      }
      assertThat(TinyLlamas.relative(found[0], found[1])).isLessThan(1e-9);
      assertThat(Arrays.stream(found[0], 0, shape.saved().size()).anyMatch(g -> g != 0)).isTrue();
    }
  }

  @Test
  void computedAgainOrKeptTheBitsAreTheSame() {
    var batch = MicroBatch.of(LLAMA.examples());
    var shape = whole(LLAMA);
    double[][] found = new double[2][];
    var ways = List.of(Checkpointing.NONE, Checkpointing.BLOCK);
    for (int i = 0; i < 2; i++) {
      var training = Training.PLAIN.with(ways.get(i));
      try (var decoder = LLAMA.open(Precision.BF16, shape, training)) {
        decoder.adapter().set(TinyLlamas.noise(shape));
        decoder.gradients(batch, 0.1, Way.FAST);
        found[i] = decoder.adapter().gradientValues();
      }
    }
    assertThat(found[0]).isEqualTo(found[1]);
  }

  @ParameterizedTest
  @CsvSource({"BF16, 1", "FP16, 1024"})
  void inSixteenBitsGradientsAreTheExactOnesButForRounding(Precision precision, double enlarged) {
    var batch = MicroBatch.of(UNTIED.examples());
    var shape = whole(UNTIED);
    double[][] found = new double[2][];
    for (int i = 0; i < 2; i++) {
      try (var decoder = UNTIED.open(i == 0 ? precision : Precision.FP32, shape)) {
        decoder.enlarge(enlarged);
        decoder.adapter().set(Adapter.initial(shape, 1));
        decoder.gradients(batch, 1.0 / batch.labelled(), Way.FAST);
        found[i] = Arrays.copyOf(decoder.adapter().gradientValues(), shape.saved().size());
      }
    }
    assertThat(TinyLlamas.relative(found[0], found[1])).isLessThan(0.05);
  }

  /** All vectors taken out and put into another decoder go on to the same bits. */
  @Test
  void stopsAndGoesOnAndKeepsNothing() {
    var batch = MicroBatch.of(UNTIED.examples());
    var shape = whole(UNTIED);
    try (var decoder = UNTIED.open(Precision.BF16, shape);
        var other = UNTIED.open(Precision.BF16, shape)) {
      decoder.adapter().set(TinyLlamas.noise(shape));
      step(decoder, batch, 1);
      for (var vector : Vector.values()) {
        other.adapter().copyFrom(vector, 0, values(decoder, vector));
      }
      other.adapter().worn();
      int arrays = decoder.managedArrays();
      step(decoder, batch, 2);
      step(other, batch, 2);
      assertThat(decoder.managedArrays()).isEqualTo(arrays);
      for (var vector : Vector.values()) {
        assertThat(values(other, vector).mismatch(values(decoder, vector))).isEqualTo(-1);
      }
      int[] prompt = Arrays.copyOf(UNTIED.examples().get(1).ids(), 25);
      assertThat(Greedy.answers(other, List.of(prompt), 8, done -> {}).getFirst())
          .isEqualTo(Greedy.answers(decoder, List.of(prompt), 8, done -> {}).getFirst());
    }
  }

  private static void step(Decoder decoder, MicroBatch batch, int step) {
    decoder.adapter().zeroGradient();
    decoder.gradients(batch, 0.1, Way.FAST);
    decoder.adapter().update(AdamW.of(0.1, 1), 1e-2, step);
  }

  private static MemorySegment values(Decoder decoder, Vector vector) {
    var values = MemorySegment.ofArray(new float[decoder.adapter().shape().learned()]);
    decoder.adapter().copyTo(vector, 0, values);
    return values;
  }

  /** What is trained whole moves as A does: AdamW's first step is the learning rate, with decay. */
  @Test
  void theyLearnAsADoesAndDecay() {
    var shape = whole(UNTIED);
    var batch = MicroBatch.of(UNTIED.examples());
    try (var decoder = UNTIED.open(Precision.FP64, shape)) {
      decoder.adapter().set(TinyLlamas.noise(shape));
      var before = values(decoder, Vector.PARAMETERS).toArray(ValueLayout.JAVA_FLOAT);
      decoder.adapter().zeroGradient();
      decoder.gradients(batch, 0.1, Way.FAST);
      var gradient = decoder.adapter().gradientValues();
      decoder.adapter().update(AdamW.of(0.5, 0).withFasterB(4), 1e-3, 1);
      var after = values(decoder, Vector.PARAMETERS).toArray(ValueLayout.JAVA_FLOAT);
      int start = shape.saved().size();
      int moved = 0;
      for (int i = 0; i < after.length; i++) {
        double faster = i < start + shape.sizeOfA() ? 1 : 4;
        if (Math.abs(gradient[i]) > 1e-4) {
          double expected =
              before[i] * (1 - 1e-3 * faster * 0.5) - 1e-3 * faster * Math.signum(gradient[i]);
          assertThat((double) after[i]).isCloseTo(expected, within(1e-6));
          moved += i < start ? 1 : 0;
        }
      }
      assertThat(moved).isGreaterThan(1000);
    }
  }
}
