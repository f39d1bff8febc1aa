package dev.lathe.checkpoints.quantized;

/** The upper half of a float32. */
public final class Bfloat16 {
  private Bfloat16() {}

  /**
   * Rounds to nearest, ties to even; a NaN stays one. Beyond the largest finite value: infinity.
   */
  public static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (short) (bits >> 16 | 64);
    }
    return (short) (bits + 0x7fff + (bits >> 16 & 1) >> 16);
  }

  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
