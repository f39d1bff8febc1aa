package dev.lathe.datasets.store;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The dataset versions of a home: {@code NAME/1}, {@code NAME/2}, … A version appears as a whole
 * and never changes. What begins with a dot is a build on its way; one process owns a home, so a
 * build of another process is one that died.
 */
public final class DatasetStore {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
  private static final Pattern REF = Pattern.compile("([^@]+)(?:@(\\d{1,9}|latest))?");
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  private static final Object PUBLISHING = new Object();

  private final Path folder;

  /**
   * @param folder {@code home/datasets}; made by the first build
   */
  public DatasetStore(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  /** Where the versions lie. */
  public Path path() {
    return folder;
  }

  /** Every version, by name, then number. */
  public List<DatasetVersion> list() {
    return names().stream().flatMap(n -> versions(n).stream()).toList();
  }

  /**
   * @param ref {@code name@3}; without a number the newest
   * @throws BadInput when there is none, with the nearest that is there
   */
  public DatasetVersion require(String ref) {
    var matcher = REF.matcher(ref);
    if (!matcher.matches()) {
      throw new BadInput("not a dataset reference", ref, "Write NAME@N, such as support@1.");
    }
    var versions = versions(matcher.group(1));
    var number = matcher.group(2);
    if (versions.isEmpty()) {
      var names = names();
      throw new BadInput(
          "no such dataset",
          ref,
          names.isEmpty()
              ? "There is none yet: ./lathe dataset build LOG… --name NAME --base BASE."
              : DidYouMean.remedy(matcher.group(1), names));
    }
    if (number == null || number.equals("latest")) {
      return versions.getLast();
    }
    return versions.stream()
        .filter(v -> v.version() == Integer.parseInt(number))
        .findFirst()
        .orElseThrow(
            () ->
                new BadInput(
                    "no such version",
                    ref,
                    "There are "
                        + String.join(", ", versions.stream().map(DatasetVersion::dataset).toList())
                        + "."));
  }

  public VersionFolder folder(DatasetVersion version) {
    return new VersionFolder(folder.resolve(version.name()).resolve("" + version.version()));
  }

  /** The version of this name that the same inputs made. */
  public Optional<DatasetVersion> withId(String name, String id) {
    return versions(name).stream().filter(v -> v.id().equals(id)).findFirst();
  }

  /**
   * @throws BadInput for a name that is no folder's
   */
  public static String requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new BadInput(
          "not a name for a dataset",
          name,
          "Use up to 64 small letters, digits, dots, dashes and underscores.");
    }
    return name;
  }

  /** A fresh folder to build in; {@link #publish} or {@link #discard} ends it. */
  public VersionFolder aside() {
    try {
      var aside =
          folder.resolve(".building-" + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
      Files.createDirectories(aside.resolve("examples"));
      Files.createDirectories(aside.resolve("conversations"));
      return new VersionFolder(aside);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a folder below " + folder, e);
    }
  }

  public void discard(VersionFolder aside) {
    try {
      Durable.deleteTree(aside.path());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + aside.path(), e);
    }
  }

  /** Clears away builds whose process died; for the owner of a home when it starts. */
  public void sweep() {
    var mine = ".building-" + ProcessHandle.current().pid() + "-";
    for (var path : children(folder)) {
      var name = String.valueOf(path.getFileName());
      if (name.startsWith(".building-") && !name.startsWith(mine)) {
        discard(new VersionFolder(path));
      }
    }
  }

  /**
   * Gives a finished folder the next number of its name: manifest and card are written, everything
   * is forced to disk, and the folder renamed.
   *
   * @param manifest the manifest for the number that it gets
   */
  public DatasetVersion publish(
      VersionFolder aside, String name, IntFunction<DatasetVersion> manifest) {
    synchronized (PUBLISHING) {
      var home = folder.resolve(requireName(name));
      var versions = versions(name);
      var version = manifest.apply(versions.isEmpty() ? 1 : versions.getLast().version() + 1);
      try {
        Durable.write(aside.manifest(), JSON.writeValueAsString(version) + "\n");
        Durable.write(aside.card(), Card.of(version));
        Durable.forceTree(aside.path());
        Files.createDirectories(home);
        Durable.forceDirectory(folder);
        Durable.moveInto(aside.path(), home.resolve("" + version.version()));
      } catch (IOException e) {
        throw new UncheckedIOException("cannot publish " + version.dataset(), e);
      }
      return version;
    }
  }

  private List<String> names() {
    return children(folder).stream()
        .map(p -> String.valueOf(p.getFileName()))
        .filter(n -> NAME.matcher(n).matches())
        .sorted()
        .toList();
  }

  /** The versions of a name, oldest first; none for a name that nobody bears. */
  public List<DatasetVersion> versions(String name) {
    var versions = new ArrayList<DatasetVersion>();
    if (NAME.matcher(name).matches()) {
      for (var path : children(folder.resolve(name))) {
        var version = manifest(new VersionFolder(path).manifest());
        if (version != null) {
          versions.add(version);
        }
      }
    }
    versions.sort(Comparator.comparingInt(DatasetVersion::version));
    return versions;
  }

  private static @Nullable DatasetVersion manifest(Path file) {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    try {
      return JSON.readValue(file, DatasetVersion.class);
    } catch (JacksonException e) {
      throw new BadInput(
          "a damaged dataset manifest", file.toString(), "Remove that folder and build again.", e);
    }
  }

  private static List<Path> children(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var children = Files.list(folder)) {
      return children.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
  }
}
