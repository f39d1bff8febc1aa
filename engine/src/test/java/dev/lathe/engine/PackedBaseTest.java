package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.quantized.Nf4;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.tensors.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Adapters on a packed base: as if its matrices were what their codes stand for. */
class PackedBaseTest {
  private static final TinyLlamas TINY = TinyLlamas.named("tiny-llama");

  @ParameterizedTest
  @EnumSource(
      value = Packing.class,
      names = {"NF4", "INT8"})
  void gradientsAreThoseOfTheUnpackedMatrices(Packing packing) {
    var lora = TINY.lora();
    var batch = MicroBatch.of(TINY.examples());
    var start = Adapter.initial(lora, 3);
    for (int i = lora.sizeOfA(); i < start.length; i++) {
      start[i] = 0.01f * (i % 13 - 6);
    }
    var base = new Base("tiny", TINY.folder().resolve("base"), TINY.config(), "", "test");
    try (var packed = TINY.open(Precision.FP64, lora, Training.PLAIN.with(packing));
        var weights = new Unpacked(base.weights(), packing);
        var plain = Decoder.open(weights, TINY.config(), lora, Precision.FP64, TinyLlamas.CPU);
        var untouched = TINY.open(Precision.FP64, lora)) {
      packed.adapter().set(start);
      plain.adapter().set(start);
      untouched.adapter().set(start);
      double loss = packed.evaluate(batch).meanLoss();
      assertThat(Math.abs(loss / plain.evaluate(batch).meanLoss() - 1)).isLessThan(1e-6);
      double change = Math.abs(loss / untouched.evaluate(batch).meanLoss() - 1);
      assertThat(change).as("packing is not free").isBetween(1e-6, 0.2);
      for (var way : Way.values()) {
        packed.adapter().zeroGradient();
        plain.adapter().zeroGradient();
        packed.gradients(batch, 0.1, way);
        plain.gradients(batch, 0.1, way);
        assertThat(
                TinyLlamas.relative(
                    packed.adapter().gradientValues(), plain.adapter().gradientValues()))
            .isLessThan(1e-6);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"gpt2, NF4", "phi3, NF4", "gemma3, INT8", "gpt2, INT8"})
  void theFastPathAgreesWithTheTapeInOtherFamilies(String family, Packing packing) {
    var tiny = TinyLlamas.named("families/" + family);
    var lora = tiny.lora();
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = tiny.open(Precision.FP64, lora, Training.PLAIN.with(packing))) {
      decoder.adapter().set(Adapter.initial(lora, 3));
      decoder.gradients(batch, 0.1, Way.FAST);
      var fast = decoder.adapter().gradientValues();
      decoder.adapter().zeroGradient();
      decoder.gradients(batch, 0.1, Way.TAPE);
      assertThat(TinyLlamas.relative(fast, decoder.adapter().gradientValues())).isLessThan(1e-9);
    }
  }

  /** The base's weights as their codes say them. */
  private record Unpacked(Weights weights, Packing packing) implements Weights {
    @Override
    public Set<String> names() {
      return weights.names();
    }

    @Override
    public long[] shape(String name) {
      return weights.shape(name);
    }

    @Override
    public Encoding encoding(String name) {
      return weights.encoding(name);
    }

    @Override
    public void rows(String name, long first, int count, float[] to) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void read(String name, As type, MemorySegment target) {
      weights.read(name, type, target);
      if (!name.contains("_proj")) {
        return;
      }
      var values = target.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      var unpacked =
          packing == Packing.NF4
              ? Nf4.pack(values).unpack()
              : rounded(values, (int) weights.shape(name)[1]);
      MemorySegment.copy(unpacked, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
    }

    private static float[] rounded(float[] values, int in) {
      var result = new float[values.length];
      for (int row = 0; row < values.length; row += in) {
        float most = 0;
        for (int c = row; c < row + in; c++) {
          most = Math.max(most, Math.abs(values[c]));
        }
        for (int c = row; c < row + in; c++) {
          result[c] = Math.round(values[c] / (most / 127)) * (most / 127);
        }
      }
      return result;
    }

    @Override
    public void close() {
      weights.close();
    }
  }
}
