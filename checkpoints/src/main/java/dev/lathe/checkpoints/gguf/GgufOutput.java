package dev.lathe.checkpoints.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A header's parts as bytes, little endian. */
final class GgufOutput {
  /** In the order of their numbers in the file. */
  private static final List<Class<? extends GgufValue>> TYPES =
      List.of(
          GgufValue.UInt8.class,
          GgufValue.Int8.class,
          GgufValue.UInt16.class,
          GgufValue.Int16.class,
          GgufValue.UInt32.class,
          GgufValue.Int32.class,
          GgufValue.Float32.class,
          GgufValue.Bool.class,
          GgufValue.Text.class,
          GgufValue.Array.class,
          GgufValue.UInt64.class,
          GgufValue.Int64.class,
          GgufValue.Float64.class);

  private final ByteArrayOutputStream to = new ByteArrayOutputStream();

  byte[] bytes() {
    return to.toByteArray();
  }

  int size() {
    return to.size();
  }

  GgufOutput raw(byte[] bytes) {
    to.writeBytes(bytes);
    return this;
  }

  GgufOutput int8(int v) {
    to.write(v);
    return this;
  }

  GgufOutput int16(int v) {
    return int8(v).int8(v >> 8);
  }

  GgufOutput int32(int v) {
    return int16(v).int16(v >> 16);
  }

  GgufOutput int64(long v) {
    return int32((int) v).int32((int) (v >> 32));
  }

  static byte[] utf8(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }

  GgufOutput text(String s) {
    byte[] bytes = utf8(s);
    return int64(bytes.length).raw(bytes);
  }

  /** The type, then the value. */
  GgufOutput typed(GgufValue value) {
    return int32(type(value.getClass())).value(value);
  }

  private GgufOutput value(GgufValue value) {
    return switch (value) {
      case GgufValue.UInt8(int v) -> int8(v);
      case GgufValue.Int8(byte v) -> int8(v);
      case GgufValue.UInt16(int v) -> int16(v);
      case GgufValue.Int16(short v) -> int16(v);
      case GgufValue.UInt32(long v) -> int32((int) v);
      case GgufValue.Int32(int v) -> int32(v);
      case GgufValue.Float32(float v) -> int32(Float.floatToRawIntBits(v));
      case GgufValue.Bool(boolean v) -> int8(v ? 1 : 0);
      case GgufValue.Text(String v) -> text(v);
      case GgufValue.UInt64(long v) -> int64(v);
      case GgufValue.Int64(long v) -> int64(v);
      case GgufValue.Float64(double v) -> int64(Double.doubleToRawLongBits(v));
      case GgufValue.Array(var type, var values) -> {
        int32(type(type)).int64(values.size());
        values.forEach(this::value);
        yield this;
      }
    };
  }

  private static int type(Class<? extends GgufValue> type) {
    int number = TYPES.indexOf(type);
    if (number < 0) {
      throw new IllegalArgumentException("no type of a GGUF value: " + type);
    }
    return number;
  }
}
