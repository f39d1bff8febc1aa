package dev.lathe.checkpoints.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
  @TempDir Path folder;

  private static SequencedMap<String, Tensor> tensors() {
    var tensors = new LinkedHashMap<String, Tensor>();
    tensors.put("half", new Tensor(Dtype.BF16, new long[] {3}, MemorySegment.ofArray(new byte[6])));
    tensors.put("b", Tensor.of(new float[] {7}));
    tensors.put("a", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
    tensors.put("empty", Tensor.of(new float[0], 0, 5));
    return tensors;
  }

  private static byte[] framed(String json, int data) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  private void refused(byte[] bytes, String... why) throws IOException {
    var path = Files.write(folder.resolve("m.safetensors"), bytes);
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(why);
  }

  @Test
  void readsWhatItWrote() {
    var path = folder.resolve("m.safetensors");
    SafetensorsWriter.write(path, Map.of("format", "pt", "über", "ä"), tensors());
    try (var file = SafetensorsFile.open(path)) {
      assertThat(file.metadata()).isEqualTo(Map.of("format", "pt", "über", "ä"));
      assertThat(file.tensors().keySet()).containsExactly("a", "b", "empty", "half");
      assertThat(file.tensor("a").shape()).containsExactly(2, 3);
      assertThat(file.tensor("a").offset() % 8).isZero();
      assertThat(file.tensor("b").shape()).isEmpty();
      assertThat(file.tensor("half").dtype()).isEqualTo(Dtype.BF16);
      assertThat(file.bytes("a").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
          .containsExactly(1, 2, 3, 4, 5, 6);
      assertThatThrownBy(() -> file.bytes("c")).isInstanceOf(BadInput.class);
    }
    assertThat(folder).isDirectoryNotContaining("glob:**.aside");
  }

  @Test
  void writesTheSameBytesWhateverTheOrder() throws IOException {
    var reversed = new LinkedHashMap<>(tensors().reversed());
    byte[] one = SafetensorsWriter.bytes(Map.of("x", "1", "y", "2"), tensors());
    assertThat(SafetensorsWriter.bytes(Map.of("y", "2", "x", "1"), reversed)).isEqualTo(one);
    SafetensorsWriter.write(folder.resolve("f"), Map.of("x", "1", "y", "2"), tensors());
    assertThat(Files.readAllBytes(folder.resolve("f"))).isEqualTo(one);
  }

  @Test
  void refusesLengthsBeyondTheFile() throws IOException {
    refused(new byte[7], "only 7 bytes");
    refused(framed("{}", 1), "1 bytes follow");
    var bomb = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).putLong(-1).array();
    refused(bomb, "header of 18446744073709551615 bytes");
    refused(ByteBuffer.allocate(9).array(), "header of 0 bytes");
    refused(
        "version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.UTF_8), "header");
  }

  @Test
  void refusesAHeaderLargerThanTheFormatAllowsEvenInALargeFile() throws IOException {
    var path = folder.resolve("sparse");
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.writeLong(Long.reverseBytes(200_000_000));
      file.setLength(300_000_000);
    }
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("header of 200000000 bytes");
  }

  @Test
  void refusesHeadersThatAreNoJsonObjectOfTensors() throws IOException {
    refused(framed("[1]     ", 0), "no JSON object");
    refused(framed("{\"a\":", 0), "no valid JSON");
    refused(framed("{} {}", 0), "no valid JSON");
    refused(framed("{".repeat(100_000), 0), "no valid JSON");
    refused(framed("{\"a\":".repeat(100_000), 0), "no valid JSON");
    byte[] notUtf8 = framed("{\"a\":1}", 0);
    notUtf8[10] = (byte) 0xFF;
    refused(notUtf8, "not UTF-8");
    var f32 = "{'dtype':'F32','shape':[1],'data_offsets':[0,4]}".replace('\'', '"');
    refused(framed("{\"a\":" + f32 + ",\"a\":" + f32 + "}", 4), "Duplicate", "a");
    refused(framed("{\"__metadata__\":{\"a\":1}}", 0), "texts to texts");
    refused(framed("{\"a\":7}", 0), "entry of a lacks");
    refused(framed("{\"a\":{}}", 0), "entry of a lacks");
    refused(framed("{\"a\":" + f32.replace("F32", "F31") + "}", 4), "unknown dtype: F31");
    refused(framed("{\"a\":" + f32.replace("[1]", "[-1]") + "}", 4), "-1 in its shape");
    refused(framed("{\"a\":" + f32.replace("[1]", "[1.0]") + "}", 4), "1.0 in its shape");
    refused(framed("{\"a\":" + f32.replace("[1]", "[1e400]") + "}", 4), "in its shape");
    refused(framed("{\"a\":" + f32.replace("[1]", "[99999999999999999999]") + "}", 4), "in its");
    refused(framed("{\"a\":" + f32.replace("[1]", "[4294967296,4294967296]") + "}", 4), "counted");
  }

  @Test
  void refusesGapsOverlapsAndWrongLengths() throws IOException {
    var entry = "\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}";
    var a = entry.formatted("a", 0, 4);
    refused(framed("{" + a + "," + entry.formatted("b", 4, 12) + "}", 12), "b is F32 [1] but lies");
    refused(framed("{" + a + "," + entry.formatted("b", 8, 4) + "}", 12), "b is F32 [1] but lies");
    refused(framed("{" + a + "," + entry.formatted("b", 8, 12) + "}", 12), "b leaves a gap");
    refused(framed("{" + a + "," + entry.formatted("b", 2, 6) + "}", 8), "b overlaps");
    refused(framed("{" + a + "," + entry.formatted("b", 0, 4) + "}", 8), "overlaps");
    refused(framed("{" + a + "}", 5), "1 bytes follow");
    refused(framed("{" + a + "}", 3), "cut off");
    long far = Long.MAX_VALUE;
    refused(framed("{" + entry.formatted("b", far - 4, far) + "}", 8), "ends beyond");
  }

  @Test
  void refusesAFileCutOffAnywhereAndSurvivesEveryFlippedByte() throws IOException {
    byte[] whole = SafetensorsWriter.bytes(Map.of("format", "pt"), tensors());
    for (int length = 0; length < whole.length; length++) {
      refused(Arrays.copyOf(whole, length), "safetensors");
    }
    for (int i = 0; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= (byte) (1 << i % 8);
      try {
        SafetensorsFile.open(Files.write(folder.resolve("f"), flipped)).close();
      } catch (BadInput expected) {
        assertThat(expected.remedy()).isNotBlank();
      }
    }
  }
}
