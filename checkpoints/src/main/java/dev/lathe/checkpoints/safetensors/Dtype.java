package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.quantized.Encoding;
import java.util.Optional;

/** An element type, named as in the file. */
public enum Dtype {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1),
  F8_E4M3(1),
  F8_E5M2(1);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /**
   * The one of numbers that lie so.
   *
   * @throws IllegalArgumentException for blocks of several numbers
   */
  public static Dtype of(Encoding encoding) {
    return switch (encoding) {
      case F32 -> F32;
      case F16 -> F16;
      case BF16 -> BF16;
      case Q4_0, Q4_1, Q8_0 ->
          throw new IllegalArgumentException("no element type of safetensors: " + encoding);
    };
  }

  /** How to decode it to numbers; empty for types that no weights come in. */
  public Optional<Encoding> encoding() {
    return switch (this) {
      case F32 -> Optional.of(Encoding.F32);
      case F16 -> Optional.of(Encoding.F16);
      case BF16 -> Optional.of(Encoding.BF16);
      case F64, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 -> Optional.empty();
    };
  }
}
