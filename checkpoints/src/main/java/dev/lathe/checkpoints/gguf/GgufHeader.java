package dev.lathe.checkpoints.gguf;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The part of a GGUF file before the tensors' bytes, checked against the file's length.
 *
 * @param encoded each metadata value as it lies in the file, its type first
 */
record GgufHeader(
    SequencedMap<String, Object> metadata,
    Map<String, MemorySegment> encoded,
    SequencedMap<String, GgufTensor> tensors) {
  private static final Map<Integer, Encoding> ENCODINGS =
      Arrays.stream(Encoding.values()).collect(Collectors.toMap(GgufHeader::number, e -> e));

  /** ggml's number of an encoding. */
  static int number(Encoding encoding) {
    return switch (encoding) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q8_0 -> 8;
      case BF16 -> 30;
    };
  }

  /** ggml's other types, so that a refusal can name them. */
  private static final Map<Integer, String> NOT_READ =
      Map.ofEntries(
          Map.entry(6, "Q5_0"),
          Map.entry(7, "Q5_1"),
          Map.entry(9, "Q8_1"),
          Map.entry(10, "Q2_K"),
          Map.entry(11, "Q3_K"),
          Map.entry(12, "Q4_K"),
          Map.entry(13, "Q5_K"),
          Map.entry(14, "Q6_K"),
          Map.entry(15, "Q8_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(17, "IQ2_XS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(20, "IQ4_NL"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(23, "IQ4_XS"),
          Map.entry(24, "I8"),
          Map.entry(25, "I16"),
          Map.entry(26, "I32"),
          Map.entry(27, "I64"),
          Map.entry(28, "F64"),
          Map.entry(29, "IQ1_M"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(39, "MXFP4"));

  /** Names of the formats before GGUF, as their first four bytes read. */
  private static final Set<String> LEGACY = Set.of("lmgg", "fmgg", "tjgg", "algg");

  private static final int MOST_DIMENSIONS = 4;
  private static final long LARGEST_ALIGNMENT = 1 << 20;

  /** Key length, type and value; name length, dimensions, type and offset. */
  private static final int LEAST_METADATA = 8 + 4 + 1;

  private static final int LEAST_TENSOR = 8 + 4 + 4 + 8;

  /** A tensor's place as announced, before it is known where the data begin. */
  private record Announced(String name, Encoding encoding, long[] shape, long offset) {}

  static GgufHeader read(Path path, MemorySegment bytes) {
    checkMagic(path, bytes);
    var cursor = new GgufCursor(path, bytes);
    cursor.int32("the magic");
    checkVersion(path, cursor.int32("the version"));
    long tensorCount = cursor.count("tensors", LEAST_TENSOR);
    long metadataCount = cursor.count("metadata entries", LEAST_METADATA);

    var metadata = new LinkedHashMap<String, Object>();
    var encoded = new HashMap<String, MemorySegment>();
    for (long i = 0; i < metadataCount; i++) {
      var key = cursor.string("a metadata key");
      long start = cursor.position();
      if (metadata.put(key, cursor.value(key)) != null) {
        throw cursor.damaged("the metadata key " + key + " stands there twice");
      }
      encoded.put(key, bytes.asSlice(start, cursor.position() - start));
    }
    var announced = new LinkedHashMap<String, Announced>();
    var unreadable = new TreeSet<String>();
    for (long i = 0; i < tensorCount; i++) {
      var tensor = tensor(cursor, unreadable);
      if (announced.put(tensor.name(), tensor) != null) {
        throw cursor.damaged("the tensor " + tensor.name() + " stands there twice");
      }
    }
    if (!unreadable.isEmpty()) {
      throw new BadInput(
          "tensors quantized as " + String.join(", ", unreadable) + " cannot be read",
          path.toString(),
          "Take the same model as F16, BF16, F32, Q8_0, Q4_0 or Q4_1.");
    }
    return new GgufHeader(
        metadata, encoded, placed(cursor, alignment(cursor, metadata), announced, bytes));
  }

  private static void checkMagic(Path path, MemorySegment bytes) {
    if (bytes.byteSize() < 4) {
      throw notGguf(path, "it has " + bytes.byteSize() + " bytes");
    }
    var magic =
        new String(bytes.asSlice(0, 4).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    if (LEGACY.contains(magic)) {
      throw new BadInput(
          "this is a GGML file from before GGUF",
          path.toString(),
          "Download the model as GGUF, or convert it with llama.cpp's"
              + " convert_llama_ggml_to_gguf.py.");
    }
    if (!magic.equals("GGUF")) {
      throw notGguf(path, "it does not begin with GGUF");
    }
  }

  private static BadInput notGguf(Path path, String why) {
    return new BadInput(
        "this is not a GGUF file: " + why, path.toString(), "Check what was downloaded.");
  }

  private static void checkVersion(Path path, int version) {
    if (version == 2 || version == 3) {
      return;
    }
    boolean bigEndian = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
    throw new BadInput(
        bigEndian
            ? "this GGUF file is big endian"
            : "this GGUF file has version " + Integer.toUnsignedString(version),
        path.toString(),
        "Convert it with today's llama.cpp to little-endian version 3.");
  }

  private static Announced tensor(GgufCursor cursor, Set<String> unreadable) {
    var name = cursor.string("a tensor's name");
    int dimensions = cursor.int32("the dimensions of " + name);
    if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
      throw cursor.damaged(
          "the tensor " + name + " has " + Integer.toUnsignedString(dimensions) + " dimensions");
    }
    var shape = new long[dimensions];
    for (int i = dimensions - 1; i >= 0; i--) {
      shape[i] = cursor.int64("the shape of " + name);
      if (shape[i] < 1) {
        throw cursor.damaged(
            "the tensor "
                + name
                + " has a dimension of "
                + Long.toUnsignedString(shape[i])
                + " elements");
      }
    }
    int type = cursor.int32("the type of " + name);
    var encoding = ENCODINGS.get(type);
    if (encoding == null) {
      var known = NOT_READ.get(type);
      if (known == null) {
        throw cursor.damaged(
            "the tensor " + name + " has the unknown type " + Integer.toUnsignedString(type));
      }
      unreadable.add(known);
      encoding = Encoding.F32; // never seen outside: the refusal follows
    } else if (shape[dimensions - 1] % encoding.elements() != 0) {
      throw cursor.damaged(
          "rows of "
              + shape[dimensions - 1]
              + " in "
              + name
              + " are not whole "
              + encoding
              + " blocks");
    }
    return new Announced(name, encoding, shape, cursor.int64("the offset of " + name));
  }

  private static long alignment(GgufCursor cursor, Map<String, Object> metadata) {
    var value = metadata.getOrDefault("general.alignment", 32L);
    if (value instanceof Long n && n >= 1 && n <= LARGEST_ALIGNMENT && Long.bitCount(n) == 1) {
      return n;
    }
    throw cursor.damaged("general.alignment is " + value);
  }

  private static SequencedMap<String, GgufTensor> placed(
      GgufCursor cursor,
      long alignment,
      SequencedMap<String, Announced> announced,
      MemorySegment bytes) {
    long dataStart = (cursor.position() + alignment - 1) / alignment * alignment;
    long room = Math.max(0, bytes.byteSize() - dataStart);
    var tensors = new LinkedHashMap<String, GgufTensor>();
    for (var t : announced.values()) {
      long length = length(cursor, t);
      if (t.offset() < 0 || t.offset() > room || length > room - t.offset()) {
        throw cursor.damaged(
            "the tensor "
                + t.name()
                + " ends beyond the file's "
                + bytes.byteSize()
                + " bytes (cut off?)");
      }
      if (t.offset() % alignment != 0) {
        throw cursor.damaged(
            "the tensor " + t.name() + " is not aligned to " + alignment + " bytes");
      }
      tensors.put(
          t.name(),
          new GgufTensor(t.name(), t.encoding(), t.shape(), dataStart + t.offset(), length));
    }
    checkOverlaps(cursor, tensors);
    return tensors;
  }

  private static long length(GgufCursor cursor, Announced t) {
    try {
      long count = 1;
      for (long d : t.shape()) {
        count = Math.multiplyExact(count, d);
      }
      return t.encoding().length(count);
    } catch (ArithmeticException e) {
      throw cursor.damaged("the tensor " + t.name() + " has more elements than can be counted");
    }
  }

  private static void checkOverlaps(GgufCursor cursor, Map<String, GgufTensor> tensors) {
    GgufTensor before = null;
    for (var t :
        tensors.values().stream().sorted(Comparator.comparingLong(GgufTensor::offset)).toList()) {
      if (before != null && t.offset() < before.offset() + before.length()) {
        throw cursor.damaged("the tensors " + before.name() + " and " + t.name() + " overlap");
      }
      before = t;
    }
  }
}
