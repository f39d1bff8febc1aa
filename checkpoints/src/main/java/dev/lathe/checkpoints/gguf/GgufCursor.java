package dev.lathe.checkpoints.gguf;

import dev.lathe.checkpoints.input.BadInput;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Reads a GGUF header front to back. Every length is held against the bytes that are left before
 * anything is allocated for it, so that a small file cannot ask for much memory.
 */
final class GgufCursor {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Far above any vocabulary; sparse files must not turn into heaps of boxed zeros. */
  private static final long MOST_VALUES = 1 << 24;

  private static final long LONGEST_STRING = 1 << 26;
  private static final int DEEPEST_ARRAY = 4;

  private final Path path;
  private final MemorySegment bytes;
  private long position;
  private long values;

  GgufCursor(Path path, MemorySegment bytes) {
    this.path = path;
    this.bytes = bytes;
  }

  long position() {
    return position;
  }

  BadInput damaged(String what) {
    return new BadInput(
        "the GGUF file is damaged: " + what, path.toString(), "Download or convert it again.");
  }

  int int32(String what) {
    return bytes.get(INT, take(4, what));
  }

  /** A length or a number of things, each of which takes {@code least} bytes or more. */
  long count(String what, long least) {
    long n = bytes.get(LONG, take(8, what));
    if (n < 0 || n > (bytes.byteSize() - position) / least) {
      throw damaged(
          "it announces "
              + Long.toUnsignedString(n)
              + " "
              + what
              + ", more than the file can hold");
    }
    return n;
  }

  long int64(String what) {
    return bytes.get(LONG, take(8, what));
  }

  String string(String what) {
    long length = count("bytes of " + what, 1);
    if (length > LONGEST_STRING) {
      throw damaged(what + " of " + length + " bytes");
    }
    var piece = bytes.asSlice(take(length, what), length).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(piece).toString();
    } catch (CharacterCodingException e) {
      throw damaged(what + " is not UTF-8");
    }
  }

  Object value(String key) {
    return value(key, int32("the type of " + key), 0);
  }

  private Object value(String key, int type, int depth) {
    if (++values > MOST_VALUES) {
      throw damaged("more than " + MOST_VALUES + " metadata values");
    }
    return switch (type) {
      case 0 -> (long) Byte.toUnsignedInt(int8(key));
      case 1 -> (long) int8(key);
      case 2 -> (long) Short.toUnsignedInt(bytes.get(SHORT, take(2, key)));
      case 3 -> (long) bytes.get(SHORT, take(2, key));
      case 4 -> Integer.toUnsignedLong(int32(key));
      case 5 -> (long) int32(key);
      case 6 -> (double) Float.intBitsToFloat(int32(key));
      case 7 -> bool(key);
      case 8 -> string(key);
      case 9 -> array(key, depth + 1);
      case 10 -> unsigned(int64(key));
      case 11 -> int64(key);
      case 12 -> Double.longBitsToDouble(int64(key));
      default -> throw damaged(key + " has the unknown type " + Integer.toUnsignedString(type));
    };
  }

  private static int leastBytes(int type) {
    return switch (type) {
      case 0, 1, 7 -> 1;
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case 9 -> 12;
      default -> 8;
    };
  }

  private List<Object> array(String key, int depth) {
    if (depth > DEEPEST_ARRAY) {
      throw damaged(key + " is an array nested deeper than " + DEEPEST_ARRAY);
    }
    int type = int32("the element type of " + key);
    long n = count("elements of " + key, leastBytes(type));
    if (n > MOST_VALUES - values) {
      throw damaged(key + " has " + n + " elements");
    }
    var list = new ArrayList<Object>((int) n);
    for (long i = 0; i < n; i++) {
      list.add(value(key, type, depth));
    }
    return Collections.unmodifiableList(list);
  }

  private byte int8(String what) {
    return bytes.get(ValueLayout.JAVA_BYTE, take(1, what));
  }

  private boolean bool(String key) {
    byte b = int8(key);
    if (b != 0 && b != 1) {
      throw damaged(key + " is neither true nor false but " + b);
    }
    return b == 1;
  }

  private static Object unsigned(long bits) {
    return bits >= 0 ? (Object) bits : new BigInteger(Long.toUnsignedString(bits));
  }

  private long take(long n, String what) {
    if (n > bytes.byteSize() - position) {
      throw damaged("it ends at byte " + bytes.byteSize() + " within " + what);
    }
    long start = position;
    position += n;
    return start;
  }
}
