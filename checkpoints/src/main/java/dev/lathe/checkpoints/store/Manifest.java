package dev.lathe.checkpoints.store;

import dev.lathe.checkpoints.files.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a checkpoint's directory must hold. It lies there as {@code manifest.json}, and its own hash
 * beside it in {@code manifest.sha256}, so that a flipped bit in the state is found too.
 *
 * @param state what the writer of the checkpoint wants back
 */
record Manifest(int format, long step, List<Entry> files, Map<String, Object> state) {
  static final String FILE = "manifest.json";
  static final String HASH = "manifest.sha256";

  private static final int FORMAT = 1;
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** One file below the directory. */
  record Entry(String path, long bytes, String sha256) {}

  static Manifest of(long step, List<Entry> files, Map<String, Object> state) {
    return new Manifest(FORMAT, step, List.copyOf(files), state);
  }

  byte[] json() {
    return JSON.writerWithDefaultPrettyPrinter()
        .writeValueAsString(this)
        .getBytes(StandardCharsets.UTF_8);
  }

  /** A relative path of plain names, and none of the manifest's own. */
  static void checkName(String name) {
    for (var part : name.split("/", -1)) {
      if (!PART.matcher(part).matches() || part.equals(FILE) || part.equals(HASH)) {
        throw new IllegalArgumentException("no name for a file of a checkpoint: '" + name + "'");
      }
    }
  }

  /**
   * Reads the manifest of a directory and holds every file against it.
   *
   * @throws Damaged when anything is missing or differs
   */
  static Manifest verified(Path folder, long step) throws Damaged {
    try {
      byte[] json = Files.readAllBytes(existing(folder, FILE));
      var hash = Files.readString(existing(folder, HASH), StandardCharsets.ISO_8859_1);
      if (!hash.equals(Sha256.of(json))) {
        throw new Damaged(FILE + " differs from its hash");
      }
      var manifest = JSON.readValue(json, Manifest.class);
      if (manifest.format() != FORMAT || manifest.step() != step) {
        throw new Damaged(
            FILE + " has format " + manifest.format() + " and step " + manifest.step());
      }
      for (var entry : manifest.files()) {
        checkName(entry.path());
        var file = existing(folder, entry.path());
        if (Files.size(file) != entry.bytes()) {
          throw new Damaged(
              entry.path() + " has " + Files.size(file) + " bytes instead of " + entry.bytes());
        }
        if (!Sha256.of(file).equals(entry.sha256())) {
          throw new Damaged(entry.path() + " differs from its hash");
        }
      }
      return manifest;
    } catch (JacksonException | IllegalArgumentException e) {
      throw new Damaged(FILE + " cannot be understood: " + e.getMessage());
    } catch (IOException | UncheckedIOException e) {
      throw new Damaged("it cannot be read: " + e.getMessage());
    }
  }

  private static Path existing(Path folder, String name) throws Damaged {
    var file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new Damaged(name + " is missing");
    }
    return file;
  }

  /** Why a directory is no checkpoint. */
  static final class Damaged extends Exception {
    private static final long serialVersionUID = 1L;

    Damaged(String reason) {
      super(reason);
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }
}
