package dev.lathe.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
  @TempDir Path folder;

  private Path file() {
    return folder.resolve("model.gguf");
  }

  private static GgufWriter everything(int alignment) {
    return new GgufWriter(alignment)
        .text("text", "naïve 🙂")
        .metadata("uint8", new GgufValue.UInt8(200))
        .metadata("int8", new GgufValue.Int8((byte) -5))
        .metadata("uint16", new GgufValue.UInt16(65_535))
        .metadata("int16", new GgufValue.Int16((short) -300))
        .uint32("uint32", 4_000_000_000L)
        .metadata("int32", new GgufValue.Int32(-7))
        .float32("float32", 1e-5f)
        .bool("bool", true)
        .metadata("uint64", new GgufValue.UInt64(-1))
        .metadata("int64", new GgufValue.Int64(Long.MIN_VALUE))
        .metadata("float64", new GgufValue.Float64(Math.PI))
        .metadata("texts", GgufValue.texts(List.of("a", "", "Ġthe")))
        .metadata("numbers", GgufValue.int32s(1, -2, 3))
        .metadata("nothing", GgufValue.texts(List.of()))
        .metadata(
            "nested",
            new GgufValue.Array(
                GgufValue.Array.class, List.of(GgufValue.int32s(1), GgufValue.int32s())))
        .tensor("odd", Encoding.F16, new long[] {3}, bytes(6))
        .tensor("blocks", Encoding.Q8_0, new long[] {2, 32}, bytes(68))
        .tensor("floats", Encoding.F32, new long[] {1, 2, 3}, bytes(24));
  }

  private static Pieces bytes(int n) {
    var bytes = new byte[n];
    for (int i = 0; i < n; i++) {
      bytes[i] = (byte) (i + n);
    }
    return Pieces.of(MemorySegment.ofArray(bytes));
  }

  @Test
  void readsWhatItWrote() {
    for (int alignment : new int[] {8, 32, 4096}) {
      everything(alignment).write(file());
      try (var file = GgufFile.open(file())) {
        assertThat(file.metadata())
            .containsEntry("text", "naïve 🙂")
            .containsEntry("uint8", 200L)
            .containsEntry("int8", -5L)
            .containsEntry("uint16", 65_535L)
            .containsEntry("int16", -300L)
            .containsEntry("uint32", 4_000_000_000L)
            .containsEntry("int32", -7L)
            .containsEntry("float32", (double) 1e-5f)
            .containsEntry("bool", true)
            .containsEntry("uint64", BigInteger.TWO.pow(64).subtract(BigInteger.ONE))
            .containsEntry("int64", Long.MIN_VALUE)
            .containsEntry("float64", Math.PI)
            .containsEntry("texts", List.of("a", "", "Ġthe"))
            .containsEntry("numbers", List.of(1L, -2L, 3L))
            .containsEntry("nothing", List.of())
            .containsEntry("nested", List.of(List.of(1L), List.of()));
        assertThat(file.tensors().keySet()).containsExactly("odd", "blocks", "floats");
        assertThat(file.tensor("blocks").encoding()).isEqualTo(Encoding.Q8_0);
        assertThat(file.tensor("floats").shape()).containsExactly(1, 2, 3);
        assertThat(file.tensor("blocks").offset() % alignment).isZero();
        assertThat(file.bytes("odd").toArray(ValueLayout.JAVA_BYTE))
            .containsExactly(6, 7, 8, 9, 10, 11);
        assertThat(file.bytes("blocks").mismatch(segment(bytes(68)))).isEqualTo(-1);
      }
    }
  }

  @Test
  void writesTheSameBytesForTheSameCallsAndReplacesTheFile() throws IOException {
    Files.writeString(file(), "old");
    everything(32).write(file());
    everything(32).write(folder.resolve("again.gguf"));
    assertThat(folder.resolve("again.gguf")).hasSameBinaryContentAs(file());
    assertThat(folder).isDirectoryNotContaining("glob:**/*.aside");
  }

  @Test
  void takesOverAnotherFilesMetadataWithItsTypes() {
    everything(64).write(file());
    var copy = folder.resolve("copy.gguf");
    var mixed = new GgufWriter().text("text", "before");
    try (var from = GgufFile.open(file())) {
      mixed.metadataOf(from).text("uint8", "replaced").write(copy);
      try (var to = GgufFile.open(copy)) {
        assertThat(to.encoded("uint16").mismatch(from.encoded("uint16"))).isEqualTo(-1);
        assertThat(to.encoded("nested").mismatch(from.encoded("nested"))).isEqualTo(-1);
        assertThat(to.metadata())
            .containsEntry("text", "naïve 🙂")
            .containsEntry("uint8", "replaced")
            .doesNotContainKey("general.alignment");
        assertThat(to.metadata().keySet()).startsWith("text", "uint8");
      }
    }
  }

  @Test
  void tensorsMayComeInManyPieces() {
    Pieces three =
        sink -> {
          var piece = MemorySegment.ofArray(new byte[8]);
          for (byte i = 0; i < 3; i++) {
            piece.fill(i);
            sink.accept(piece);
          }
        };
    new GgufWriter().tensor("x", Encoding.F32, new long[] {6}, three).write(file());
    try (var file = GgufFile.open(file())) {
      assertThat(file.bytes("x").toArray(ValueLayout.JAVA_BYTE)).startsWith(0, 0).endsWith(2, 2);
    }
  }

  @Test
  void leavesTheOldFileWhenASourceFails() throws IOException {
    Files.writeString(file(), "old");
    Pieces failing =
        sink -> {
          throw new BadInput("it holds NaN", "x", "Take another.");
        };
    Pieces full =
        sink -> {
          throw new IOException("No space left on device");
        };
    assertThatThrownBy(() -> write(bytes(8))).hasMessage("x has 8 bytes of 16");
    assertThatThrownBy(() -> write(bytes(20))).hasMessage("x has more bytes than 16");
    assertThatThrownBy(() -> write(failing)).hasMessageContaining("it holds NaN");
    assertThatThrownBy(() -> write(full))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("the disk is full");
    assertThat(file()).hasContent("old");
    assertThat(folder).isDirectoryNotContaining("glob:**/*.aside");
  }

  private void write(Pieces bytes) {
    new GgufWriter().tensor("x", Encoding.F32, new long[] {4}, bytes).write(file());
  }

  @Test
  void refusesWhatADiskCannotHoldBeforeTheFirstByte() {
    var huge = new long[] {1L << 32, 1L << 20};
    assertThatThrownBy(
            () -> new GgufWriter().tensor("x", Encoding.F32, huge, bytes(4)).write(file()))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("too little space");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void refusesTensorsThatLlamaCppWouldRefuse() {
    var gguf = new GgufWriter().tensor("x", Encoding.F32, new long[] {1}, bytes(4));
    refused(() -> gguf.tensor("x", Encoding.F32, new long[] {1}, bytes(4)));
    refused(() -> gguf.tensor("y".repeat(64), Encoding.F32, new long[] {1}, bytes(4)));
    refused(() -> gguf.tensor("y", Encoding.Q8_0, new long[] {2, 31}, bytes(4)));
    refused(() -> gguf.tensor("y", Encoding.F32, new long[] {1, 0}, bytes(4)));
    refused(() -> gguf.tensor("y", Encoding.F32, new long[5], bytes(4)));
    refused(() -> gguf.metadata("general.alignment", new GgufValue.UInt32(64)));
    refused(() -> new GgufWriter(24));
    refused(() -> new GgufValue.UInt8(256));
    refused(() -> new GgufValue.Array(GgufValue.Bool.class, List.of(new GgufValue.Text("true"))));
  }

  private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
  }

  private static MemorySegment segment(Pieces pieces) {
    var found = new MemorySegment[1];
    try {
      pieces.writeTo(piece -> found[0] = piece);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return found[0];
  }
}
