package dev.lathe.checkpoints.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint whose every byte has been held against its hashes.
 *
 * @param manifest what the writer gave, as JSON reads it back: integers Long, fractions Double
 * @param files relative paths, in order
 */
public record Checkpoint(long step, Path folder, Map<String, Object> manifest, List<String> files) {
  /** The path of one of its files. */
  public Path file(String name) {
    if (!files.contains(name)) {
      throw new IllegalArgumentException(folder + " has no " + name + ", only " + files);
    }
    return folder.resolve(name);
  }
}
