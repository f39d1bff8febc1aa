package dev.lathe.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  @TempDir Path folder;

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("m.gguf"), bytes);
  }

  private void refused(byte[] bytes, String... why) throws IOException {
    var path = file(bytes);
    assertThatThrownBy(() -> GgufFile.open(path))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(why);
  }

  private static GgufBytes two() {
    return new GgufBytes()
        .text("general.architecture", "llama")
        .tensor("a", 0, new long[] {2, 3}, GgufBytes.floats(1, 2, 3, 4, 5, 6))
        .tensor("b", 0, new long[] {1}, GgufBytes.floats(7));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsMetadataOfEveryTypeAndTensorsOutermostDimensionFirst(int version) throws IOException {
    var bytes =
        two()
            .version(version)
            .raw("u8", 0, o -> o.int8(200))
            .raw("i8", 1, o -> o.int8(-2))
            .raw("u16", 2, o -> o.int16(60000))
            .raw("i16", 3, o -> o.int16(-3))
            .raw("u32", 4, o -> o.int32(-1))
            .raw("i32", 5, o -> o.int32(-4))
            .float32("f32", 0.5f)
            .bool("yes", true)
            .bool("no", false)
            .raw("u64", 10, o -> o.int64(5))
            .raw("u64max", 10, o -> o.int64(-1))
            .raw("i64", 11, o -> o.int64(-5))
            .raw("f64", 12, o -> o.int64(Double.doubleToLongBits(0.1)))
            .texts("words", List.of("grüße", "", "日本"))
            .int32s("numbers", 1, -2, 3)
            .raw("nested", 9, o -> o.int32(9).int64(1).int32(7).int64(2).int8(1).int8(0))
            .bytes();
    try (var gguf = GgufFile.open(file(bytes))) {
      assertThat(gguf.metadata())
          .containsEntry("general.architecture", "llama")
          .containsEntry("u8", 200L)
          .containsEntry("i8", -2L)
          .containsEntry("u16", 60000L)
          .containsEntry("i16", -3L)
          .containsEntry("u32", 4294967295L)
          .containsEntry("i32", -4L)
          .containsEntry("f32", 0.5)
          .containsEntry("yes", true)
          .containsEntry("no", false)
          .containsEntry("u64", 5L)
          .containsEntry("u64max", new BigInteger("18446744073709551615"))
          .containsEntry("i64", -5L)
          .containsEntry("f64", 0.1)
          .containsEntry("words", List.of("grüße", "", "日本"))
          .containsEntry("numbers", List.of(1L, -2L, 3L))
          .containsEntry("nested", List.of(List.of(true, false)));
      assertThat(gguf.tensors().keySet()).containsExactly("a", "b");
      var a = gguf.tensor("a");
      assertThat(a.shape()).containsExactly(2, 3);
      assertThat(a.encoding()).isEqualTo(Encoding.F32);
      assertThat(gguf.bytes("a").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
          .containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(gguf.bytes("b").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(7);
      assertThatThrownBy(() -> gguf.bytes("c"))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("no such tensor: c");
    }
  }

  @Test
  void namesWhatTheFileIsWhenItIsNoGguf() throws IOException {
    refused(new byte[0], "not a GGUF file", "0 bytes");
    refused("{\"error\": 404}".getBytes(StandardCharsets.UTF_8), "not a GGUF file");
    refused("tjgg....".getBytes(StandardCharsets.UTF_8), "GGML", "convert_llama_ggml_to_gguf.py");
    refused(two().version(1).bytes(), "version 1");
    refused(two().version(4).bytes(), "version 4");
    refused(two().version(Integer.reverseBytes(3)).bytes(), "big endian");
    assertThatThrownBy(() -> GgufFile.open(folder.resolve("none.gguf")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void refusesCountsAndLengthsBeyondTheFile() throws IOException {
    refused(two().bytes(1L << 60, 1), "more than the file can hold");
    refused(two().bytes(-1, 1), "18446744073709551615 tensors");
    refused(two().bytes(2, Long.MAX_VALUE), "more than the file can hold");
    refused(two().raw("s", 8, o -> o.int64(1L << 40)).bytes(), "bytes of s", "more than the file");
    refused(
        two().raw("l", 9, o -> o.int32(4).int64(1L << 40)).bytes(), "elements of l", "more than");
    refused(two().raw("l", 9, o -> o.int32(99).int64(1).int64(0)).bytes(), "unknown type 99");
    refused(two().raw("x", 13, o -> o.int64(0)).bytes(), "unknown type 13");
    refused(two().raw("x", 7, o -> o.int8(7)).bytes(), "neither true nor false");
    refused(
        two()
            .raw(
                "deep",
                9,
                o -> {
                  for (int i = 0; i < 5; i++) {
                    o.int32(9).int64(1);
                  }
                  o.int32(0).int64(0);
                })
            .bytes(),
        "nested deeper");
    refused(two().raw("s", 8, o -> o.int64(2).int8(0xC3).int8(0x28)).bytes(), "not UTF-8");
    refused(two().text("general.architecture", "again").bytes(), "twice");
  }

  @Test
  void refusesASparseFileThatAnnouncesMoreValuesThanAnyModelHas() throws IOException {
    var path = file(two().raw("l", 9, o -> o.int32(0).int64(1L << 30)).bytes());
    try (var raf = new java.io.RandomAccessFile(path.toFile(), "rw")) {
      raf.setLength(1L << 31);
    }
    assertThatThrownBy(() -> GgufFile.open(path))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("l has 1073741824 elements");
  }

  @Test
  void refusesTensorsThatCannotLieWhereTheyAreSaidToLie() throws IOException {
    long[] one = {1};
    refused(two().tensorAt("c", 0, one, 32).bytes(), "b and c overlap");
    refused(two().tensorAt("c", 0, one, 4).bytes(), "not aligned");
    refused(two().tensorAt("c", 0, one, 64).bytes(), "ends beyond");
    refused(two().tensorAt("c", 0, one, -32).bytes(), "ends beyond");
    refused(two().tensorAt("c", 0, one, Long.MAX_VALUE - 31).bytes(), "ends beyond");
    refused(two().tensorAt("c", 0, new long[] {1L << 40, 1L << 40}, 0).bytes(), "can be counted");
    refused(two().tensorAt("c", 0, new long[] {1L << 62}, 0).bytes(), "can be counted");
    refused(two().tensorAt("c", 0, new long[] {0}, 0).bytes(), "dimension of 0");
    refused(
        two().tensorAt("c", 0, new long[] {-1}, 0).bytes(), "dimension of 18446744073709551615");
    refused(two().tensorAt("c", 0, new long[5], 0).bytes(), "5 dimensions");
    refused(two().tensorAt("c", 0, new long[0], 0).bytes(), "0 dimensions");
    refused(two().tensorAt("a", 0, one, 0).bytes(), "a stands there twice");
    refused(two().tensorAt("c", 3, new long[] {2, 48}, 0).bytes(), "whole Q4_1 blocks");
    refused(two().tensorAt("c", 99, one, 0).bytes(), "unknown type 99");
    refused(two().raw("general.alignment", 4, o -> o.int32(33)).bytes(), "alignment is 33");
    refused(two().raw("general.alignment", 4, o -> o.int32(0)).bytes(), "alignment is 0");
  }

  @Test
  void namesTheQuantizationsItCannotRead() throws IOException {
    refused(
        two().tensorAt("c", 12, new long[] {256}, 0).tensorAt("d", 14, new long[] {256}, 0).bytes(),
        "Q4_K, Q6_K cannot be read",
        "Q8_0");
  }

  @Test
  void refusesAFileCutOffAnywhere() throws IOException {
    byte[] whole = two().texts("words", List.of("one", "two")).bytes();
    // The last 28 bytes are padding behind b.
    for (int length = 0; length < whole.length - 28; length++) {
      refused(Arrays.copyOf(whole, length), "GGUF");
    }
    GgufFile.open(file(whole)).close();
  }

  @Test
  void neverThrowsAnythingButBadInputWhateverByteIsFlipped() throws IOException {
    byte[] whole = two().texts("words", List.of("one", "two")).int32s("n", 1, 2).bytes();
    var random = new Random(1);
    for (int i = 0; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= (byte) (1 << random.nextInt(8));
      var path = file(flipped);
      try {
        GgufFile.open(path).close();
      } catch (BadInput expected) {
        assertThat(expected.remedy()).isNotBlank();
      }
    }
  }
}
