package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Segments;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes safetensors files. The same tensors and metadata give the same bytes, whatever order they
 * come in: like the reference implementation it lays the widest element types first, then by name.
 */
public final class SafetensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();

  private SafetensorsWriter() {}

  /**
   * Replaces {@code file} as a whole, durably.
   *
   * @throws IllegalArgumentException when a tensor is called {@code __metadata__}
   * @throws dev.lathe.checkpoints.input.BadInput when the disk is full; the old file is intact
   */
  public static void write(
      Path file, Map<String, String> metadata, SequencedMap<String, Tensor> tensors) {
    var streamed = new LinkedHashMap<String, StreamedTensor>();
    tensors.forEach((name, t) -> streamed.put(name, t.streamed()));
    stream(file, metadata, streamed);
  }

  /**
   * The same for tensors whose bytes come while the file is written. What their sources throw comes
   * through, and nothing is changed.
   *
   * @throws IllegalStateException when a source gives too few or too many bytes
   * @throws dev.lathe.checkpoints.input.BadInput when the disk is full; the old file is intact
   */
  public static void stream(
      Path file, Map<String, String> metadata, SequencedMap<String, StreamedTensor> tensors) {
    var ordered = ordered(tensors);
    var header = header(metadata, ordered);
    long length = ordered.stream().mapToLong(e -> e.getValue().length()).sum();
    Durable.stream(
        file,
        out -> {
          DiskFull.require(file.toAbsolutePath().resolveSibling(""), header.byteSize() + length);
          Segments.write(out, header);
          for (var tensor : ordered) {
            long start = out.position();
            tensor.getValue().bytes().writeTo(piece -> Segments.write(out, piece));
            if (out.position() - start != tensor.getValue().length()) {
              throw new IllegalStateException(
                  "%s has %d bytes of %d"
                      .formatted(
                          tensor.getKey(), out.position() - start, tensor.getValue().length()));
            }
          }
        });
  }

  /**
   * What stands before the tensors' bytes.
   *
   * @param tensors in the order in which their bytes follow, one behind the other
   */
  public static MemorySegment header(SequencedMap<String, StreamedTensor> tensors) {
    return header(Map.of(), List.copyOf(tensors.entrySet()));
  }

  /**
   * A file that is to be filled in.
   *
   * @param header what stands before the tensors' bytes
   * @param at where each tensor's bytes begin in the file
   * @param length of the file
   */
  public record Layout(MemorySegment header, Map<String, Long> at, long length) {}

  /** Where {@link #write} would put what: the tensors' bytes are not asked for. */
  public static Layout layout(
      Map<String, String> metadata, SequencedMap<String, StreamedTensor> tensors) {
    var ordered = ordered(tensors);
    var header = header(metadata, ordered);
    var at = new LinkedHashMap<String, Long>();
    long position = header.byteSize();
    for (var tensor : ordered) {
      at.put(tensor.getKey(), position);
      position += tensor.getValue().length();
    }
    return new Layout(header, at, position);
  }

  /** What {@link #write} writes, in memory. */
  public static byte[] bytes(Map<String, String> metadata, SequencedMap<String, Tensor> tensors) {
    var streamed = new LinkedHashMap<String, StreamedTensor>();
    tensors.forEach((name, t) -> streamed.put(name, t.streamed()));
    var ordered = ordered(streamed);
    var pieces = new ArrayList<MemorySegment>(List.of(header(metadata, ordered)));
    ordered.forEach(e -> pieces.add(Objects.requireNonNull(tensors.get(e.getKey())).bytes()));
    long length = pieces.stream().mapToLong(MemorySegment::byteSize).sum();
    var all = MemorySegment.ofArray(new byte[Math.toIntExact(length)]);
    long position = 0;
    for (var piece : pieces) {
      MemorySegment.copy(piece, 0, all, position, piece.byteSize());
      position += piece.byteSize();
    }
    return (byte[]) all.heapBase().orElseThrow();
  }

  private static List<Map.Entry<String, StreamedTensor>> ordered(
      SequencedMap<String, StreamedTensor> tensors) {
    if (tensors.containsKey(SafetensorsHeader.METADATA)) {
      throw new IllegalArgumentException("no tensor can be called " + SafetensorsHeader.METADATA);
    }
    var ordered = new ArrayList<>(tensors.entrySet());
    ordered.sort(
        Comparator.<Map.Entry<String, StreamedTensor>>comparingInt(
                e -> -e.getValue().dtype().bytes())
            .thenComparing(e -> e.getValue().dtype())
            .thenComparing(Map.Entry::getKey));
    return ordered;
  }

  private static MemorySegment header(
      Map<String, String> metadata, List<Map.Entry<String, StreamedTensor>> ordered) {
    var header = new LinkedHashMap<String, Object>();
    if (!metadata.isEmpty()) {
      header.put(SafetensorsHeader.METADATA, new TreeMap<>(metadata));
    }
    long position = 0;
    for (var e : ordered) {
      var t = e.getValue();
      long end = position + t.length();
      var entry = new LinkedHashMap<String, Object>();
      entry.put("dtype", t.dtype().name());
      entry.put("shape", t.shape());
      entry.put("data_offsets", new long[] {position, end});
      header.put(e.getKey(), entry);
      position = end;
    }
    return framed(JSON.writeValueAsString(header));
  }

  /** Length and JSON, padded with spaces so that the tensors start at a multiple of eight. */
  private static MemorySegment framed(String json) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    byte[] framed = new byte[8 + padded];
    Arrays.fill(framed, (byte) ' ');
    System.arraycopy(text, 0, framed, 8, text.length);
    var segment = MemorySegment.ofArray(framed);
    segment.set(SafetensorsHeader.LENGTH, 0, padded);
    return segment;
  }
}
