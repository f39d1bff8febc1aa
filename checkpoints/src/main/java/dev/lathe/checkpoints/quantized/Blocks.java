package dev.lathe.checkpoints.quantized;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Decodes packed elements to float32, as llama.cpp's {@code dequantize_row} functions do, bit for
 * bit: scale times level, plus the minimum where there is one, in float32.
 */
public final class Blocks {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Blocks() {}

  /**
   * Decodes {@code count} elements, whole blocks, that begin at byte {@code offset}.
   *
   * @throws IllegalArgumentException when the count is not whole blocks
   * @throws IndexOutOfBoundsException when either side is too short
   */
  public static void decode(
      Encoding encoding, MemorySegment from, long offset, float[] to, int count) {
    int length = Math.toIntExact(encoding.length(count));
    switch (encoding) {
      case F32 -> MemorySegment.copy(from, FLOAT, offset, to, 0, count);
      case F16 -> decodeF16(shorts(from, offset, count), to);
      case BF16 -> decodeBf16(shorts(from, offset, count), to);
      case Q4_0 -> decodeQ40(bytes(from, offset, length), to);
      case Q4_1 -> decodeQ41(bytes(from, offset, length), to);
      case Q8_0 -> decodeQ80(bytes(from, offset, length), to);
    }
  }

  private static void decodeF16(short[] from, float[] to) {
    for (int i = 0; i < from.length; i++) {
      to[i] = Float.float16ToFloat(from[i]);
    }
  }

  private static void decodeBf16(short[] from, float[] to) {
    for (int i = 0; i < from.length; i++) {
      to[i] = Float.intBitsToFloat(from[i] << 16);
    }
  }

  /** A scale, then 32 levels of four bits around 8: the low halves of 16 bytes, then the high. */
  private static void decodeQ40(byte[] from, float[] to) {
    int out = 0;
    for (int block = 0; block < from.length; block += 18, out += 32) {
      float scale = float16(from, block);
      for (int i = 0; i < 16; i++) {
        byte levels = from[block + 2 + i];
        to[out + i] = scale * ((levels & 15) - 8);
        to[out + 16 + i] = scale * ((levels >> 4 & 15) - 8);
      }
    }
  }

  /** A scale and a minimum, then 32 levels of four bits as in Q4_0, around 0. */
  private static void decodeQ41(byte[] from, float[] to) {
    int out = 0;
    for (int block = 0; block < from.length; block += 20, out += 32) {
      float scale = float16(from, block);
      float least = float16(from, block + 2);
      for (int i = 0; i < 16; i++) {
        byte levels = from[block + 4 + i];
        to[out + i] = scale * (levels & 15) + least;
        to[out + 16 + i] = scale * (levels >> 4 & 15) + least;
      }
    }
  }

  /** A scale, then 32 signed bytes. */
  private static void decodeQ80(byte[] from, float[] to) {
    int out = 0;
    for (int block = 0; block < from.length; block += 34, out += 32) {
      float scale = float16(from, block);
      for (int i = 0; i < 32; i++) {
        to[out + i] = scale * from[block + 2 + i];
      }
    }
  }

  private static float float16(byte[] from, int at) {
    return Float.float16ToFloat((short) (from[at] & 255 | from[at + 1] << 8));
  }

  private static short[] shorts(MemorySegment from, long offset, int count) {
    var shorts = new short[count];
    MemorySegment.copy(from, SHORT, offset, shorts, 0, count);
    return shorts;
  }

  private static byte[] bytes(MemorySegment from, long offset, int length) {
    var bytes = new byte[length];
    MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
    return bytes;
  }
}
