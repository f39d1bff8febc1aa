package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.tensors.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program against transformers' and PEFT's numbers. */
class ReferenceTest {
  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-llama-untied"})
  void logitsAreTransformersWithAndWithoutTheAdapter(String name) {
    var tiny = TinyLlamas.named(name);
    var lora = tiny.lora();
    var expected = tiny.tensors("logits.safetensors");
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      for (var kind : List.of("base", "adapted")) {
        if (kind.equals("adapted")) {
          decoder.adapter().set(tiny.adapter(lora));
        }
        var examples = tiny.examples();
        for (int i = 0; i < examples.size(); i++) {
          int[] ids = examples.get(i).ids();
          var found =
              decoder.logits(ids, new int[] {ids.length}, IntStream.range(0, ids.length).toArray());
          var flat = Arrays.stream(found).flatMapToDouble(Arrays::stream).toArray();
          assertThat(TinyLlamas.relative(flat, TinyLlamas.named(expected, kind + "." + i)))
              .isLessThan(1e-12);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tiny-llama, FAST",
    "tiny-llama, TAPE",
    "tiny-llama-untied, FAST",
    "tiny-llama-untied, TAPE"
  })
  void gradientsArePeftsInDoublePrecisionTensorByTensor(String name, Way way) {
    var tiny = TinyLlamas.named(name);
    var lora = tiny.lora();
    var expected = tiny.flat(lora, "gradients.safetensors");
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      decoder.adapter().set(tiny.adapter(lora));
      var batch = MicroBatch.of(tiny.examples());
      double loss = decoder.gradients(batch, 1.0 / batch.labelled(), way) / batch.labelled();

      assertThat(batch.labelled()).isEqualTo(tiny.json("numbers.json").get("labelled").asInt());
      assertThat(loss).isCloseTo(tiny.json("numbers.json").get("loss").asDouble(), within(1e-10));
      double[] found = decoder.adapter().gradientValues();
      for (var m : lora.modules()) {
        assertSlice(found, expected, m.aAt(), 4 * m.in(), 1e-9, m.path() + " A");
        assertSlice(found, expected, m.bAt(), 4 * m.out(), 1e-9, m.path() + " B");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void theFastPathAgreesWithTheTapeForEveryChoiceOfProjections(int slot) {
    var tiny = TinyLlamas.named("tiny-llama");
    var all = tiny.config().projections();
    var others = all.stream().filter(p -> p.slot() != slot).toList();
    for (var chosen : List.of(others, List.of(all.get(slot)))) {
      var lora = tiny.lora(chosen);
      try (var decoder = tiny.open(Precision.FP64, lora)) {
        decoder.adapter().set(TinyLlamas.noise(lora));
        assertWaysAgree(decoder, MicroBatch.of(tiny.examples()), 1e-9);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FP32, 1e-5", "BF16, 0.05"})
  void theFastPathAgreesWithTheTapeInLowerPrecision(Precision precision, double bound) {
    var tiny = TinyLlamas.named("tiny-llama");
    var lora = tiny.lora();
    try (var decoder = tiny.open(precision, lora)) {
      decoder.adapter().set(tiny.adapter(lora));
      assertWaysAgree(decoder, MicroBatch.of(tiny.examples()), bound);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-llama-untied"})
  void twentyStepsGivePeftsLossesAndItsAdapter(String name) {
    var tiny = TinyLlamas.named(name);
    var lora = tiny.lora();
    var training = tiny.json("training/training.json");
    var examples = TinyLlamas.sequences(training.get("conversations"));
    var start = tiny.adapter(lora);
    try (var decoder = tiny.open(Precision.FP32, lora)) {
      decoder.adapter().set(start);
      for (int step = 0; step < 20; step++) {
        var row = training.get("rows").get(step);
        var chosen = TinyLlamas.ints(training.get("batches").get(step));
        var batch = MicroBatch.of(Arrays.stream(chosen).mapToObj(examples::get).toList());
        decoder.adapter().zeroGradient();
        double loss = decoder.gradients(batch, 1.0 / batch.labelled(), Way.FAST) / batch.labelled();
        double norm =
            decoder
                .adapter()
                .update(AdamW.of(0.01, 1.0), row.get("learningRate").asDouble(), step + 1);
        assertThat(loss).isCloseTo(row.get("loss").asDouble(), within(1e-4));
        assertThat(norm).isCloseTo(row.get("gradNorm").asDouble(), within(1e-3));
      }
      var expected = tiny.flat(lora, "training/adapter/adapter_model.safetensors");
      var found = decoder.adapter().values();
      for (var m : lora.modules()) {
        assertThat(cosineOfUpdate(start, found, expected, m.aAt(), 4 * m.in()))
            .isGreaterThan(0.999);
        assertThat(cosineOfUpdate(start, found, expected, m.bAt(), 4 * m.out()))
            .isGreaterThan(0.999);
      }
    }
  }

  private static void assertWaysAgree(Decoder decoder, MicroBatch batch, double bound) {
    var adapter = decoder.adapter();
    adapter.zeroGradient();
    double fastLoss = decoder.gradients(batch, 0.1, Way.FAST);
    var fast = adapter.gradientValues();
    adapter.zeroGradient();
    double tapeLoss = decoder.gradients(batch, 0.1, Way.TAPE);
    assertThat(fastLoss / tapeLoss).isCloseTo(1, within(bound));
    assertThat(TinyLlamas.relative(fast, adapter.gradientValues())).isLessThan(bound);
  }

  private static void assertSlice(
      double[] found, double[] expected, int at, int size, double bound, String what) {
    assertThat(
            TinyLlamas.relative(
                Arrays.copyOfRange(found, at, at + size),
                Arrays.copyOfRange(expected, at, at + size)))
        .as(what)
        .isLessThan(bound);
  }

  private static double cosineOfUpdate(
      float[] start, float[] found, double[] expected, int at, int size) {
    double dot = 0;
    double ours = 0;
    double theirs = 0;
    for (int i = at; i < at + size; i++) {
      double a = (double) found[i] - start[i];
      double b = expected[i] - start[i];
      dot += a * b;
      ours += a * a;
      theirs += b * b;
    }
    return dot / Math.sqrt(ours * theirs);
  }
}
