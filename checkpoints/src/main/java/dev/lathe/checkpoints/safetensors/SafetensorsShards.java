package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The weights of a Hugging Face directory: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names.
 */
public final class SafetensorsShards implements AutoCloseable {
  public static final String SINGLE = "model.safetensors";
  public static final String INDEX = "model.safetensors.index.json";

  /** Shards lie beside their index; an index has no business anywhere else. */
  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*\\.safetensors");

  private final Map<String, SafetensorsFile> files = new TreeMap<>();
  private final SequencedMap<String, SafetensorsFile> holders = new LinkedHashMap<>();
  private final Path folder;

  private SafetensorsShards(Path folder) {
    this.folder = folder;
  }

  /**
   * @throws BadInput when there are no such weights, a shard is missing or damaged, or the index
   *     says what the shards do not hold
   */
  public static SafetensorsShards open(Path folder) {
    var shards = new SafetensorsShards(folder);
    try {
      if (Files.exists(folder.resolve(SINGLE))) {
        var file = shards.file(SINGLE);
        file.tensors().keySet().forEach(name -> shards.holders.put(name, file));
      } else {
        weightMap(folder.resolve(INDEX)).forEach(shards::add);
      }
      return shards;
    } catch (RuntimeException e) {
      shards.close();
      throw e;
    }
  }

  /** Whether the directory has weights of this kind, sound or not. */
  public static boolean present(Path folder) {
    return Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX));
  }

  /** The weight files of a directory in the order of their names. */
  public static List<Path> files(Path folder) {
    return Files.exists(folder.resolve(SINGLE))
        ? List.of(folder.resolve(SINGLE))
        : weightMap(folder.resolve(INDEX)).values().stream()
            .distinct()
            .sorted()
            .map(folder::resolve)
            .toList();
  }

  private void add(String tensor, String shard) {
    var file = file(shard);
    if (!file.tensors().containsKey(tensor)) {
      throw new BadInput(
          "the index says " + shard + " holds a tensor that is not in it",
          tensor,
          "Download " + folder + " again.");
    }
    holders.put(tensor, file);
  }

  private SafetensorsFile file(String name) {
    return files.computeIfAbsent(name, n -> SafetensorsFile.open(folder.resolve(n)));
  }

  private static SequencedMap<String, String> weightMap(Path index) {
    var result = new LinkedHashMap<String, String>();
    for (var entry : tree(index).properties()) {
      var shard = entry.getValue().isString() ? entry.getValue().stringValue() : "";
      if (!SHARD.matcher(shard).matches()) {
        throw damaged(
            index, entry.getKey() + " is said to lie in " + entry.getValue() + ", no file here");
      }
      result.put(entry.getKey(), shard);
    }
    return Collections.unmodifiableSequencedMap(result);
  }

  private static JsonNode tree(Path index) {
    if (!Files.isRegularFile(index)) {
      throw new BadInput(
          "there are no safetensors weights",
          String.valueOf(index.getParent()),
          "A Hugging Face directory holds " + SINGLE + ", or shards and " + INDEX + ".");
    }
    var map = JsonFile.read(index).get("weight_map");
    if (map == null || !map.isObject() || map.isEmpty()) {
      throw damaged(index, "it has no weight_map");
    }
    return map;
  }

  private static BadInput damaged(Path index, String what) {
    return new BadInput(
        "the index of the shards is damaged: " + what, index.toString(), "Download it again.");
  }

  /** Every tensor under its name, in the index's order. */
  public SequencedMap<String, TensorInfo> tensors() {
    var result = new LinkedHashMap<String, TensorInfo>();
    holders.forEach((name, file) -> result.put(name, file.tensor(name)));
    return Collections.unmodifiableSequencedMap(result);
  }

  /** The bytes of one tensor, valid until {@link #close}. */
  public MemorySegment bytes(String name) {
    var file = holders.get(name);
    if (file == null) {
      throw new BadInput(
          "the weights in " + folder + " have no such tensor",
          name,
          DidYouMean.remedy(name, holders.keySet()));
    }
    return file.bytes(name);
  }

  @Override
  public void close() {
    files.values().forEach(SafetensorsFile::close);
  }
}
