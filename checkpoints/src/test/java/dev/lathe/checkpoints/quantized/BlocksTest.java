package dev.lathe.checkpoints.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against blocks.json, which benchmarks/reference/gguf_blocks.py wrote. */
class BlocksTest {
  private static JsonNode reference() throws IOException {
    try (var in = Objects.requireNonNull(BlocksTest.class.getResourceAsStream("blocks.json"))) {
      return JsonMapper.shared().readTree(in);
    }
  }

  private static ByteBuffer hex(JsonNode node) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(node.asString())).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static float[] floats(ByteBuffer bytes) {
    var floats = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(floats);
    return floats;
  }

  @ParameterizedTest
  @EnumSource
  void decodesBitForBitAsTheReferenceDoes(Encoding encoding) throws IOException {
    var entry = reference().path(encoding.name());
    var packed = hex(entry.path("packed"));
    var expected = floats(hex(entry.path("unpacked")));
    var decoded = new float[expected.length];

    Blocks.decode(encoding, MemorySegment.ofBuffer(packed), 0, decoded, decoded.length);
    assertThat(decoded).containsExactly(expected);

    try (var arena = Arena.ofConfined()) {
      var nativeBytes = arena.allocate(packed.remaining());
      nativeBytes.copyFrom(MemorySegment.ofBuffer(packed));
      var later = new float[32];
      Blocks.decode(encoding, nativeBytes, encoding.length(64), later, 32);
      assertThat(later).containsExactly(Arrays.copyOfRange(expected, 64, 96));
    }
  }

  @Test
  void roundsToBfloat16AsTheReferenceDoes() throws IOException {
    var entry = reference().path("rounding");
    var from = floats(hex(entry.path("float32")));
    var expected = hex(entry.path("bfloat16")).asShortBuffer();
    for (float f : from) {
      assertThat(Bfloat16.of(f)).as("%a", f).isEqualTo(expected.get());
    }
    assertThat(Bfloat16.toFloat(Bfloat16.of(Float.NaN))).isNaN();
    assertThat(Bfloat16.toFloat(Bfloat16.of(Float.intBitsToFloat(0x7f800001)))).isNaN();
    assertThat(Bfloat16.toFloat(Bfloat16.of(-1.5f))).isEqualTo(-1.5f);
  }

  @Test
  void refusesPartsOfBlocks() {
    assertThatThrownBy(
            () ->
                Blocks.decode(
                    Encoding.Q4_0, MemorySegment.ofArray(new byte[18]), 0, new float[32], 31))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
