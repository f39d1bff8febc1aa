package dev.lathe.checkpoints.quantized;

/**
 * How a tensor's elements are packed: blocks of {@link #elements} consecutive elements of a row in
 * {@link #bytes} bytes, little endian. Names are llama.cpp's.
 */
public enum Encoding {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  Q4_0(32, 18),
  Q4_1(32, 20),
  Q8_0(32, 34);

  private final int elements;
  private final int bytes;

  Encoding(int elements, int bytes) {
    this.elements = elements;
    this.bytes = bytes;
  }

  /** Elements in one block. */
  public int elements() {
    return elements;
  }

  /** Bytes of one block. */
  public int bytes() {
    return bytes;
  }

  /**
   * @throws IllegalArgumentException when the count is not whole blocks
   * @throws ArithmeticException when the length exceeds a long
   */
  public long length(long count) {
    if (count % elements != 0) {
      throw new IllegalArgumentException(count + " elements are not whole blocks of " + elements);
    }
    return Math.multiplyExact(count / elements, (long) bytes);
  }
}
