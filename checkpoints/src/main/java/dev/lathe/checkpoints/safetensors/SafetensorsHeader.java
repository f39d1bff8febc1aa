package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.input.BadInput;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The header of a safetensors file: its length in eight bytes, then JSON. The format promises that
 * the tensors cover the rest of the file without a gap or an overlap, and that is held here.
 */
record SafetensorsHeader(Map<String, String> metadata, SequencedMap<String, TensorInfo> tensors) {
  static final String METADATA = "__metadata__";

  /** The limit that the reference implementation sets. */
  static final long LONGEST = 100_000_000;

  static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int MOST_DIMENSIONS = 16;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  static SafetensorsHeader read(Path path, MemorySegment file) {
    if (file.byteSize() < 8) {
      throw damaged(path, "it has only " + file.byteSize() + " bytes");
    }
    long length = file.get(LENGTH, 0);
    if (length < 2 || length > LONGEST || length > file.byteSize() - 8) {
      throw damaged(
          path,
          "it announces a header of %s bytes and has %d in all"
              .formatted(Long.toUnsignedString(length), file.byteSize()));
    }
    var root = json(path, file.asSlice(8, length));
    var metadata = new LinkedHashMap<String, String>();
    var tensors = new LinkedHashMap<String, TensorInfo>();
    long dataStart = 8 + length;
    for (var entry : root.properties()) {
      if (entry.getKey().equals(METADATA)) {
        metadata.putAll(metadata(path, entry.getValue()));
      } else {
        tensors.put(entry.getKey(), tensor(path, entry.getKey(), entry.getValue(), dataStart));
      }
    }
    return new SafetensorsHeader(
        metadata, covering(path, tensors.values(), dataStart, file.byteSize()));
  }

  static BadInput damaged(Path path, String what) {
    return new BadInput(
        "the safetensors file is damaged: " + what, path.toString(), "Download or write it again.");
  }

  private static JsonNode json(Path path, MemorySegment header) {
    if (header.get(ValueLayout.JAVA_BYTE, 0) != '{') {
      throw damaged(path, "its header is no JSON object (is it a safetensors file?)");
    }
    try {
      return JSON.readTree(
          StandardCharsets.UTF_8.newDecoder().decode(header.asByteBuffer()).toString());
    } catch (CharacterCodingException e) {
      throw damaged(path, "its header is not UTF-8");
    } catch (JacksonException e) {
      throw damaged(path, "its header is no valid JSON: " + e.getOriginalMessage());
    }
  }

  private static Map<String, String> metadata(Path path, JsonNode node) {
    if (!node.isObject() || node.values().stream().anyMatch(v -> !v.isString())) {
      throw damaged(path, METADATA + " does not map texts to texts");
    }
    return node.properties().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                e -> e.getValue().stringValue(),
                (a, b) -> a,
                LinkedHashMap::new));
  }

  private static TensorInfo tensor(Path path, String name, JsonNode node, long dataStart) {
    if (!(node.get("dtype") instanceof JsonNode d && d.isString())
        || !(node.get("shape") instanceof JsonNode s && s.isArray())
        || !(node.get("data_offsets") instanceof JsonNode o && o.isArray() && o.size() == 2)) {
      throw damaged(path, "the entry of " + name + " lacks dtype, shape or data_offsets");
    }
    var dtype = dtype(path, name, d.stringValue());
    long[] shape = numbers(path, name, s);
    long[] offsets = numbers(path, name, o);
    long length = offsets[1] - offsets[0];
    if (length < 0 || length != length(path, name, dtype, shape)) {
      throw damaged(
          path,
          "%s is %s %s but lies from %d to %d"
              .formatted(name, dtype, Arrays.toString(shape), offsets[0], offsets[1]));
    }
    if (offsets[1] > Long.MAX_VALUE - dataStart) {
      throw damaged(path, name + " ends beyond the file");
    }
    return new TensorInfo(name, dtype, shape, dataStart + offsets[0], length);
  }

  private static Dtype dtype(Path path, String name, String text) {
    return Arrays.stream(Dtype.values())
        .filter(d -> d.name().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new BadInput(
                    "the tensor " + name + " in " + path + " has an unknown dtype",
                    text,
                    "Known: " + Arrays.toString(Dtype.values()) + "."));
  }

  private static long[] numbers(Path path, String name, JsonNode array) {
    if (array.size() > MOST_DIMENSIONS) {
      throw damaged(path, name + " has " + array.size() + " dimensions");
    }
    var numbers = new long[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      var n = array.get(i);
      if (n == null || !n.isIntegralNumber() || !n.canConvertToLong() || n.longValue() < 0) {
        throw damaged(path, name + " has " + n + " in its shape or offsets");
      }
      numbers[i] = n.longValue();
    }
    return numbers;
  }

  private static long length(Path path, String name, Dtype dtype, long[] shape) {
    try {
      long length = dtype.bytes();
      for (long d : shape) {
        length = Math.multiplyExact(length, d);
      }
      return length;
    } catch (ArithmeticException e) {
      throw damaged(path, name + " has more elements than can be counted");
    }
  }

  /** The tensors in the order in which they lie. */
  private static SequencedMap<String, TensorInfo> covering(
      Path path, Iterable<TensorInfo> tensors, long dataStart, long end) {
    var ordered = new ArrayList<TensorInfo>();
    tensors.forEach(ordered::add);
    ordered.sort(
        Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::length));
    var result = new LinkedHashMap<String, TensorInfo>();
    long position = dataStart;
    for (var t : ordered) {
      if (t.offset() != position) {
        throw damaged(
            path,
            t.name()
                + (t.offset() < position ? " overlaps" : " leaves a gap after")
                + " the tensor before it");
      }
      position += t.length();
      result.put(t.name(), t);
    }
    if (position != end) {
      throw damaged(
          path,
          position > end
              ? "it ends at byte %d, its tensors at %d (cut off?)".formatted(end, position)
              : "%d bytes follow its last tensor".formatted(end - position));
    }
    return result;
  }
}
