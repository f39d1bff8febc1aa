package dev.lathe.checkpoints.gguf;

import java.util.Arrays;
import java.util.List;

/** A metadata value with the type that the file gives it (GGUF specification, version 3). */
public sealed interface GgufValue {
  /** 0 to 255. */
  record UInt8(int value) implements GgufValue {
    public UInt8 {
      requireRange(value, 0, 0xff);
    }
  }

  record Int8(byte value) implements GgufValue {}

  /** 0 to 65,535. */
  record UInt16(int value) implements GgufValue {
    public UInt16 {
      requireRange(value, 0, 0xffff);
    }
  }

  record Int16(short value) implements GgufValue {}

  /** 0 to 4,294,967,295. */
  record UInt32(long value) implements GgufValue {
    public UInt32 {
      requireRange(value, 0, 0xffff_ffffL);
    }
  }

  record Int32(int value) implements GgufValue {}

  record Float32(float value) implements GgufValue {}

  record Bool(boolean value) implements GgufValue {}

  record Text(String value) implements GgufValue {}

  /** The bits of an unsigned number. */
  record UInt64(long bits) implements GgufValue {}

  record Int64(long value) implements GgufValue {}

  record Float64(double value) implements GgufValue {}

  /** Values of one type; arrays may stand in arrays. */
  record Array(Class<? extends GgufValue> type, List<? extends GgufValue> values)
      implements GgufValue {
    public Array {
      values = List.copyOf(values);
      for (var v : values) {
        if (!type.isInstance(v)) {
          throw new IllegalArgumentException("an array of " + type + " cannot hold " + v);
        }
      }
    }
  }

  static Array texts(List<String> values) {
    return new Array(Text.class, values.stream().map(Text::new).toList());
  }

  static Array int32s(int... values) {
    return new Array(Int32.class, Arrays.stream(values).mapToObj(Int32::new).toList());
  }

  private static void requireRange(long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(value + " is not within " + least + " to " + most);
    }
  }
}
