package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code base.json} says of a base: where it came from, and what every file must hash to.
 *
 * @param source the one that brought it; {@code tried} are those that failed before, with reasons
 * @param weightsSha256 of the weight file; for shards, of their sorted {@code name sha256\n} lines
 * @param pulledAt ISO instant
 * @param extension how it was made of another base here; null for one that was brought
 */
public record BaseRecord(
    String name,
    String source,
    String weightsSha256,
    String pulledAt,
    List<Attempt> tried,
    SequencedMap<String, FileRecord> files,
    @Nullable Extension extension) {
  static final String FILE = "base.json";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** A source that did not bring the base, and why. */
  public record Attempt(String source, String reason) {}

  /**
   * A base with tokens of its own besides another's.
   *
   * @param base its name when this was made of it
   * @param weightsSha256 of that base
   * @param firstId of the first of the tokens; the others follow
   */
  public record Extension(
      String base, String weightsSha256, List<String> tokens, boolean special, int firstId) {
    public Extension {
      tokens = List.copyOf(tokens);
    }
  }

  /** One file of the base's folder. */
  public record FileRecord(long bytes, String sha256) {}

  public BaseRecord {
    tried = List.copyOf(tried);
    files = Collections.unmodifiableSequencedMap(new TreeMap<>(files));
  }

  /** Hashes every file in {@code folder} and writes {@code base.json} there. */
  static BaseRecord write(
      Path folder,
      String name,
      String source,
      String pulledAt,
      List<Attempt> tried,
      @Nullable Extension extension) {
    var files = new TreeMap<String, FileRecord>();
    try (var list = Files.list(folder)) {
      for (Path file : list.sorted().toList()) {
        var leaf = file.getFileName().toString();
        if (!leaf.equals(FILE)) {
          files.put(leaf, new FileRecord(Files.size(file), Sha256.of(file)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + folder, e);
    }
    var record =
        new BaseRecord(name, source, weightsHash(files), pulledAt, tried, files, extension);
    Durable.write(folder.resolve(FILE), JSON.writeValueAsString(record) + "\n");
    return record;
  }

  static BaseRecord read(Path folder) {
    var file = folder.resolve(FILE);
    try {
      return JSON.readValue(Files.readAllBytes(file), BaseRecord.class);
    } catch (IOException | JacksonException | NullPointerException e) {
      throw damaged(folder, "its base.json cannot be read", again(folder), e);
    }
  }

  /**
   * @throws BadInput when a file is missing or has another size
   */
  void checkSizes(Path folder) {
    files.forEach(
        (leaf, expected) -> {
          var file = folder.resolve(leaf);
          try {
            long found = Files.exists(file) ? Files.size(file) : -1;
            if (found != expected.bytes()) {
              throw damaged(
                  folder,
                  found < 0
                      ? leaf + " is missing"
                      : leaf + " has " + found + " bytes instead of " + expected.bytes(),
                  remedy(folder),
                  null);
            }
          } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
          }
        });
  }

  /**
   * @throws BadInput that names every file whose hash is another
   */
  void checkHashes(Path folder) {
    var problems =
        files.entrySet().stream()
            .map(
                e -> {
                  var found = Sha256.of(folder.resolve(e.getKey()));
                  return found.equals(e.getValue().sha256())
                      ? ""
                      : e.getKey() + ": expected " + e.getValue().sha256() + ", found " + found;
                })
            .filter(p -> !p.isEmpty())
            .toList();
    if (!problems.isEmpty()) {
      throw BadInput.all("a base was changed on disk", problems, remedy(folder));
    }
  }

  private static BadInput damaged(
      Path folder, String why, String remedy, @Nullable Exception cause) {
    return new BadInput(
        "a base is damaged", folder.getFileName() + " (" + why + ")", remedy, cause);
  }

  private String remedy(Path folder) {
    return extension == null
        ? again(folder)
        : "Make it again: ./lathe bases remove %s, then ./lathe bases extend %s --tokens '%s' --name %s."
            .formatted(
                folder.getFileName(),
                extension.base(),
                String.join(",", extension.tokens()),
                folder.getFileName());
  }

  private static String again(Path folder) {
    var name = folder.getFileName();
    return "Fetch it again: ./lathe bases remove " + name + ", then ./lathe pull " + name + ".";
  }

  private static String weightsHash(Map<String, FileRecord> files) {
    var weights =
        files.entrySet().stream()
            .filter(e -> e.getKey().endsWith(".safetensors") || e.getKey().endsWith(".gguf"))
            .toList();
    if (weights.size() == 1) {
      return weights.getFirst().getValue().sha256();
    }
    return Sha256.of(
        weights.stream()
            .map(e -> e.getKey() + " " + e.getValue().sha256() + "\n")
            .sorted()
            .collect(Collectors.joining()));
  }
}
