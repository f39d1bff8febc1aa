package dev.lathe.registry.models;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;

/** The files of versions: {@code NAME/NUMBER} below the registry's folder. */
final class VersionFiles {
  static final String CARD = "README.md";

  private final Path folder;

  VersionFiles(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  Path of(String name, int number) {
    return folder.resolve(name).resolve(Integer.toString(number));
  }

  Path aside(String run) {
    return folder.resolve(".registering-" + run);
  }

  /** Every regular file below a folder, by path, hashed. */
  static List<ModelVersion.File> hashed(Path root) {
    try (var paths = Files.walk(root)) {
      return paths
          .filter(p -> Files.isRegularFile(p, LinkOption.NOFOLLOW_LINKS))
          .map(p -> hashed(root, p))
          .sorted(Comparator.comparing(ModelVersion.File::path))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + root, e);
    }
  }

  static ModelVersion.File hashed(Path root, Path file) {
    return new ModelVersion.File(relative(root, file), size(file), Sha256.of(file));
  }

  /**
   * Forces a finished folder to disk and gives it its name. A folder that is there already belongs
   * to no version: its registration died before it was written down.
   */
  void publish(Path made, String name, int number) {
    var target = of(name, number);
    try {
      Durable.forceTree(made);
      Files.createDirectories(folder.resolve(name));
      Durable.forceDirectory(folder);
      if (Files.exists(target)) {
        var dead = target.resolveSibling(".dead-" + number);
        Durable.deleteTree(dead);
        Durable.moveInto(target, dead);
        Durable.deleteTree(dead);
      }
      Durable.moveInto(made, target);
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, target);
    }
  }

  /** Undoes {@link #publish}. */
  void takeBack(String name, int number, Path made) {
    try {
      Durable.moveInto(of(name, number), made);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot move " + of(name, number) + " back", e);
    }
  }

  static void discard(Path made) {
    try {
      Durable.deleteTree(made);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + made, e);
    }
  }

  static List<Verification.Difference> differences(ModelVersion version) {
    var found = new LinkedHashMap<String, String>();
    var root = Path.of(version.folder());
    if (Files.isDirectory(root)) {
      hashed(root).forEach(f -> found.put(f.path(), f.sha256()));
    }
    var differences = new ArrayList<Verification.Difference>();
    for (var file : version.files()) {
      var now = found.remove(file.path());
      if (!file.sha256().equals(now)) {
        differences.add(new Verification.Difference(file.path(), file.sha256(), now));
      }
    }
    found.forEach((path, now) -> differences.add(new Verification.Difference(path, null, now)));
    return differences;
  }

  private static String relative(Path root, Path file) {
    return root.relativize(file).toString().replace('\\', '/');
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
