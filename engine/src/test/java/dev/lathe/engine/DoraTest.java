package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DoRA against PEFT's numbers (benchmarks/reference/tiny_dora.py), and against what it is. */
class DoraTest {
  private static final TinyLlamas LLAMA = TinyLlamas.named("tiny-llama");

  @ParameterizedTest
  @ValueSource(strings = {"llama-llama3", "qwen2", "phi3", "gpt2", "gemma2", "phi"})
  void logitsLossAndGradientsArePefts(String family) {
    var tiny = TinyLlamas.named("families/" + family);
    var dora = tiny.lora().withMagnitudes();
    var gradients = tiny.flat(dora, "dora/gradients.safetensors");
    var expected = TinyLlamas.named(tiny.tensors("dora/logits.safetensors"), "adapted");
    double expectedLoss = tiny.json("dora/numbers.json").get("loss").asDouble();
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = tiny.open(Precision.FP64, dora)) {
      decoder.adapter().set(TinyLlamas.narrowed(tiny.flat(dora, "dora/adapter_model.safetensors")));
      var found = decoder.logits(batch.ids(), batch.lengths(), batch.at());
      assertThat(
              TinyLlamas.relative(
                  Arrays.stream(found).flatMapToDouble(Arrays::stream).toArray(), expected))
          .isLessThan(1e-11);
      for (var way : Way.values()) {
        decoder.adapter().zeroGradient();
        double loss = decoder.gradients(batch, 1.0 / batch.labelled(), way) / batch.labelled();
        assertThat(loss).isCloseTo(expectedLoss, within(1e-10));
        var gradient = decoder.adapter().gradientValues();
        for (var m : dora.modules()) {
          var name = way + " " + m.path();
          TinyLlamas.close(gradient, gradients, m.aAt(), 4 * m.in(), name + " A");
          TinyLlamas.close(gradient, gradients, m.bAt(), 4 * m.out(), name + " B");
          TinyLlamas.close(gradient, gradients, m.mAt(), m.out(), name + " m");
        }
      }
    }
  }

  @Test
  void aFreshOneIsTheBase() {
    var dora = LLAMA.lora().withMagnitudes();
    var batch = MicroBatch.of(LLAMA.examples());
    try (var decoder = LLAMA.open(Precision.FP32, dora);
        var bare = LLAMA.open(Precision.FP32, LoraShape.none(LLAMA.config()))) {
      decoder.adapter().begin(Adapter.initial(dora, 3));
      assertThat(TinyLlamas.relative(decoder.scores(batch).label(), bare.scores(batch).label()))
          .isLessThan(1e-6);
    }
  }

  @Test
  void gradientsInBf16AreThoseOfTheExactModelButForRounding() {
    var dora = LLAMA.lora().withMagnitudes();
    var values = TinyLlamas.noise(dora);
    try (var decoder = LLAMA.open(Precision.BF16, dora);
        var exact = LLAMA.open(Precision.FP64, dora)) {
      exact.adapter().begin(values);
      values = exact.adapter().values();
      for (int i = dora.sizeOfAB(); i < values.length; i++) {
        values[i] *= i % 2 == 0 ? 1.1f : 0.9f;
      }
      decoder.adapter().set(values);
      exact.adapter().set(values);
      var found = gradient(decoder, LLAMA, Way.FAST);
      var expected = gradient(exact, LLAMA, Way.FAST);
      int from = dora.sizeOfAB();
      assertThat(
              TinyLlamas.relative(
                  Arrays.copyOfRange(found, from, found.length),
                  Arrays.copyOfRange(expected, from, found.length)))
          .isLessThan(0.1);
    }
  }

  /** Also where A and B are not zero: a LoRA is gone on with as a DoRA. */
  @Test
  void magnitudesBeginWhereTheyChangeNothing() {
    var lora = LLAMA.lora();
    var dora = lora.withMagnitudes();
    var batch = MicroBatch.of(LLAMA.examples());
    var values = LLAMA.adapter(lora);
    try (var decoder = LLAMA.open(Precision.FP64, dora);
        var plain = LLAMA.open(Precision.FP64, lora)) {
      decoder.adapter().begin(Arrays.copyOf(values, dora.size()));
      plain.adapter().set(values);
      assertThat(decoder.evaluate(batch).loss())
          .isCloseTo(plain.evaluate(batch).loss(), within(1e-10));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Packing.class,
      names = {"NF4", "INT8"})
  void theFastPathAgreesWithTheTapeOnAPackedBase(Packing packing) {
    for (var family : List.of("phi3", "gpt2")) {
      var tiny = TinyLlamas.named("families/" + family);
      var dora = tiny.lora().withMagnitudes();
      try (var decoder = tiny.open(Precision.FP64, dora, Training.PLAIN.with(packing))) {
        decoder.adapter().begin(TinyLlamas.noise(dora));
        assertThat(
                TinyLlamas.relative(
                    gradient(decoder, tiny, Way.FAST), gradient(decoder, tiny, Way.TAPE)))
            .as(family)
            .isLessThan(1e-9);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen3", "phi3", "gpt2"})
  void aProjectionMayStandAlone(String family) {
    var tiny = TinyLlamas.named("families/" + family);
    for (Projection projection : tiny.config().projections()) {
      var dora = tiny.lora(List.of(projection)).withMagnitudes();
      try (var decoder = tiny.open(Precision.FP32, dora)) {
        decoder.adapter().begin(TinyLlamas.noise(dora));
        assertThat(
                TinyLlamas.relative(
                    gradient(decoder, tiny, Way.FAST), gradient(decoder, tiny, Way.TAPE)))
            .as(projection.path())
            .isLessThan(1e-5);
      }
    }
  }

  @Test
  void checkpointingChangesNoBit() {
    var dora = LLAMA.lora().withMagnitudes();
    double[] kept = null;
    for (var checkpointing : Checkpointing.values()) {
      try (var decoder = LLAMA.open(Precision.FP32, dora, Training.PLAIN.with(checkpointing))) {
        decoder.adapter().begin(TinyLlamas.noise(dora));
        var gradient = gradient(decoder, LLAMA, Way.FAST);
        kept = kept == null ? gradient : kept;
        assertThat(gradient).as(checkpointing.name()).isEqualTo(kept);
      }
    }
  }

  /** Token by token with a cache the same text comes out as by reading all of it again. */
  @Test
  void generationSaysWhatTheLogitsSay() {
    var tiny = TinyLlamas.named("families/qwen2");
    var dora = tiny.lora().withMagnitudes();
    var prompts =
        IntStream.range(0, 6).mapToObj(i -> Arrays.copyOf(tiny.examples().get(1).ids(), 21 + i));
    int written = 0;
    try (var decoder = tiny.open(Precision.FP32, dora)) {
      decoder.adapter().set(TinyLlamas.narrowed(tiny.flat(dora, "dora/adapter_model.safetensors")));
      for (int[] prompt : prompts.toList()) {
        int[] answer = Greedy.answers(decoder, List.of(prompt), 8, done -> {}).getFirst();
        for (int i = 0; i < answer.length; i++, written++) {
          int[] read =
              Stream.of(prompt, Arrays.copyOf(answer, i)).flatMapToInt(Arrays::stream).toArray();
          var row = decoder.logits(read, new int[] {read.length}, new int[] {read.length - 1})[0];
          int likeliest =
              IntStream.range(0, row.length).reduce((a, b) -> row[b] > row[a] ? b : a).getAsInt();
          assertThat(answer[i]).isEqualTo(likeliest);
        }
      }
    }
    assertThat(written).isPositive();
  }

  /** AdamW's first step is the rate in size, by the sign of the gradient. */
  @Test
  void magnitudesLearnAsBDoesAndDoNotDecay() {
    var dora = LLAMA.lora().withMagnitudes();
    double rate = 1e-3;
    try (var decoder = LLAMA.open(Precision.FP64, dora)) {
      var adapter = decoder.adapter();
      adapter.begin(TinyLlamas.noise(dora));
      var before = adapter.values();
      var gradient = gradient(decoder, LLAMA, Way.FAST);
      adapter.update(AdamW.of(0.5, 0).withFasterB(4), rate, 1);
      var after = adapter.values();
      int moved = 0;
      for (int i = 0; i < dora.size(); i++) {
        if (Math.abs(gradient[i]) > 1e-4) {
          double faster = i < dora.sizeOfA() ? 1 : 4;
          double decay = i < dora.sizeOfAB() ? 0.5 : 0;
          double expected =
              before[i] * (1 - rate * faster * decay) - Math.signum(gradient[i]) * rate * faster;
          assertThat((double) after[i]).isCloseTo(expected, within(2e-6));
          moved += i >= dora.sizeOfAB() ? 1 : 0;
        }
      }
      assertThat(moved).isGreaterThan(dora.magnitudes() / 2);
    }
  }

  private static double[] gradient(Decoder decoder, TinyLlamas tiny, Way way) {
    decoder.adapter().zeroGradient();
    decoder.gradients(MicroBatch.of(tiny.examples()), 0.1, way);
    return decoder.adapter().gradientValues();
  }
}
