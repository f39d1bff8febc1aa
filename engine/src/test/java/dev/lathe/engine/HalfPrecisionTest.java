package dev.lathe.engine;

import static dev.lathe.engine.TinyLlamas.relative;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** fp16 computes on the processor too, slowly: enough to hold its loss scaling to something. */
class HalfPrecisionTest {
  private final TinyLlamas tiny = TinyLlamas.named("tiny-llama");
  private final LoraShape lora = tiny.lora();
  private final MicroBatch batch = MicroBatch.of(tiny.examples());
  private final double weight = 1.0 / batch.labelled();

  @ParameterizedTest
  @EnumSource
  void enlargedGradientsOfHalfAreThoseOfSingleAndStepAsThey(Way way) {
    var start = TinyLlamas.noise(lora);
    try (var half = tiny.open(Precision.FP16, lora);
        var single = tiny.open(Precision.FP32, lora)) {
      half.enlarge(1024);
      double[][] gradients = new double[2][];
      float[][] after = new float[2][];
      double[] norms = new double[2];
      for (var decoder : new Decoder[] {half, single}) {
        int i = decoder == half ? 0 : 1;
        var adapter = decoder.adapter();
        adapter.set(start);
        adapter.zeroGradient();
        decoder.gradients(batch, weight, way);
        gradients[i] = adapter.gradientValues();
        norms[i] = adapter.update(AdamW.of(0, 1).withEnlarged(i == 0 ? 1024 : 1), 1e-2, 1);
        after[i] = adapter.values();
      }
      double[] divided = Arrays.stream(gradients[0]).map(g -> g / 1024).toArray();
      assertThat(relative(divided, gradients[1])).isLessThan(0.02);
      assertThat(norms[0]).isCloseTo(norms[1], within(0.02 * norms[1]));
      int alike = 0;
      for (int i = 0; i < start.length; i++) {
        alike += Math.abs(after[0][i] - after[1][i]) < 1e-3 ? 1 : 0; // a step is 1e-2 here
      }
      assertThat(alike).isGreaterThan(start.length * 95 / 100);
    }
  }

  @Test
  void preferencesAreEnlargedInTheirGradientAndNotInTheirLoss() {
    var loss = new PreferenceLoss.Kto(0.1, 0, 1, 1, 0.5);
    var two = MicroBatch.of(tiny.examples().subList(0, 2));
    var liked = new boolean[] {true, false};
    var reference = new double[] {-20, -20};
    try (var decoder = tiny.open(Precision.FP32, lora)) {
      decoder.adapter().set(TinyLlamas.noise(lora));
      for (var way : Way.values()) {
        decoder.enlarge(1);
        decoder.adapter().zeroGradient();
        double plain = decoder.preference(two, liked, reference, loss, way).loss();
        var gradient = decoder.adapter().gradientValues();
        decoder.enlarge(256);
        decoder.adapter().zeroGradient();
        assertThat(decoder.preference(two, liked, reference, loss, way).loss()).isEqualTo(plain);
        var enlarged = decoder.adapter().gradientValues();
        assertThat(relative(Arrays.stream(enlarged).map(g -> g / 256).toArray(), gradient))
            .isLessThan(1e-6);
      }
    }
  }

  @Test
  void anInfiniteGradientChangesNothing() {
    try (var decoder = tiny.open(Precision.FP16, lora)) {
      var start = TinyLlamas.noise(lora);
      decoder.adapter().set(start);
      decoder.adapter().zeroGradient();
      decoder.enlarge(1L << 30);
      double loss = decoder.gradients(batch, weight, Way.FAST);
      assertThat(loss).isFinite();
      double norm = decoder.adapter().update(AdamW.of(0.1, 1).withEnlarged(1L << 30), 1e-2, 1);
      assertThat(Double.isFinite(norm)).isFalse();
      assertThat(decoder.adapter().values()).isEqualTo(start);
      for (var moment : decoder.adapter().moments()) {
        assertThat(moment).containsOnly(0f);
      }
    }
  }
}
