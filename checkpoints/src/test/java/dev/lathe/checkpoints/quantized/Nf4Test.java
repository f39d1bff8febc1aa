package dev.lathe.checkpoints.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what bitsandbytes packs (benchmarks/reference/nf4.py). */
class Nf4Test {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static SafetensorsFile reference;

  @BeforeAll
  static void open() {
    reference = SafetensorsFile.open(Path.of("src/test/resources/reference/nf4.safetensors"));
  }

  @AfterAll
  static void close() {
    reference.close();
  }

  private static float[] floats(String name) {
    return reference.bytes(name).toArray(FLOAT);
  }

  private static byte[] bytes(String name) {
    return reference.bytes(name).toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void theTablesAreBitsandbytes() {
    assertThat(Nf4.levels()).isEqualTo(floats("levels"));
    assertThat(Nf4.scaleLevels()).containsExactly(floats("scaleLevels"), within(1e-7f));
  }

  @ParameterizedTest
  @ValueSource(strings = {"normal", "wide", "small"})
  void codesAreBitsandbytes(String name) {
    var packed = Nf4.pack(floats(name + ".values"));
    assertThat(packed.codes()).isEqualTo(bytes(name + ".codes"));
    assertThat(packed.outer()).containsExactly(floats(name + ".outer"), within(1e-5f));
    assertThat(packed.offset()).isCloseTo(floats(name + ".offset")[0], within(1e-6f));
    // Between two levels bitsandbytes' search for the scales' codes is not exactly the nearer one.
    var scales = bytes(name + ".scales");
    int other = 0;
    for (int i = 0; i < scales.length; i++) {
      int difference = Math.abs((scales[i] & 0xFF) - (packed.scales()[i] & 0xFF));
      assertThat(difference).isLessThanOrEqualTo(1);
      other += difference;
    }
    assertThat(other).isLessThanOrEqualTo(scales.length / 100);
    var found = packed.unpack();
    var expected = floats(name + ".unpacked");
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], within(2e-3f * Math.abs(expected[i]) + 1e-9f));
    }
  }

  @Test
  void zerosStayZerosButForTheOffset() {
    assertThat(Nf4.pack(new float[128]).unpack()).containsOnly(0f);
  }

  @Test
  void halfABlockIsRefused() {
    assertThatThrownBy(() -> Nf4.pack(new float[96])).isInstanceOf(IllegalArgumentException.class);
  }
}
