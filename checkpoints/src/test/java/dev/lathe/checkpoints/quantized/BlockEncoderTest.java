package dev.lathe.checkpoints.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against blocks.json, which benchmarks/reference/gguf_blocks.py wrote. */
class BlockEncoderTest {
  private static JsonNode reference() throws IOException {
    try (var in = Objects.requireNonNull(BlocksTest.class.getResourceAsStream("blocks.json"))) {
      return JsonMapper.shared().readTree(in);
    }
  }

  private static float[] floats(String hex) {
    var bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex)).order(ByteOrder.LITTLE_ENDIAN);
    var floats = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(floats);
    return floats;
  }

  private static byte[] encoded(Encoding encoding, float[] values) {
    var packed = new byte[(int) encoding.length(values.length)];
    assertThat(
            BlockEncoder.encode(encoding, values, values.length, MemorySegment.ofArray(packed), 0))
        .isTrue();
    return packed;
  }

  @ParameterizedTest
  @EnumSource
  void packsBitForBitAsTheReferenceDoes(Encoding encoding) throws IOException {
    var values = floats(reference().path("F32").path("packed").asString());
    assertThat(HexFormat.of().formatHex(encoded(encoding, values)))
        .isEqualTo(reference().path(encoding.name()).path("packed").asString());
  }

  @Test
  void roundsToBfloat16AsTheReferenceDoes() throws IOException {
    var entry = reference().path("rounding");
    var values = floats(entry.path("float32").asString());
    var packed = new byte[values.length * 2];
    boolean fits =
        BlockEncoder.encode(Encoding.BF16, values, values.length, MemorySegment.ofArray(packed), 0);
    assertThat(HexFormat.of().formatHex(packed)).isEqualTo(entry.path("bfloat16").asString());
    assertThat(fits).as("the largest round to infinity").isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void packingWhatWasUnpackedChangesNothing(Encoding encoding) {
    var random = new Random(5);
    var values = new float[32 * 64];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    var once = encoded(encoding, values);
    var unpacked = new float[values.length];
    Blocks.decode(encoding, MemorySegment.ofArray(once), 0, unpacked, unpacked.length);
    if (encoding != Encoding.Q4_1) { // its scale is a difference of rounded values
      assertThat(encoded(encoding, unpacked)).isEqualTo(once);
    }
  }

  @Test
  void tellsOfWhatDoesNotFit() {
    assertThat(fits(Encoding.F16, 65_504)).isTrue();
    assertThat(fits(Encoding.F16, 65_520)).isFalse();
    assertThat(fits(Encoding.BF16, Float.MAX_VALUE)).isFalse();
    assertThat(fits(Encoding.F32, Float.MAX_VALUE)).isTrue();
    assertThat(fits(Encoding.Q8_0, 8e6f)).isTrue();
    assertThat(fits(Encoding.Q8_0, 9e6f)).isFalse();
    for (var encoding : Encoding.values()) {
      assertThat(fits(encoding, Float.NaN)).as(encoding.name()).isFalse();
      assertThat(fits(encoding, Float.NEGATIVE_INFINITY)).as(encoding.name()).isFalse();
      assertThat(fits(encoding, Float.MIN_VALUE)).as(encoding.name()).isTrue();
    }
  }

  private static boolean fits(Encoding encoding, float value) {
    var values = new float[32];
    values[7] = value;
    return BlockEncoder.encode(encoding, values, 32, MemorySegment.ofArray(new byte[128]), 0);
  }

  @Test
  void refusesPartsOfBlocksAndTooLittleRoom() {
    var room = MemorySegment.ofArray(new byte[33]);
    assertThatThrownBy(() -> BlockEncoder.encode(Encoding.Q8_0, new float[32], 31, room, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> BlockEncoder.encode(Encoding.Q8_0, new float[32], 32, room, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
