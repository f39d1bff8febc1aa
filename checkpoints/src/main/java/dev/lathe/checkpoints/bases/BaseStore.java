package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The bases of a home, a folder each. A folder appears and disappears as a whole: what begins with
 * a dot is on its way in or out, and no base.
 */
public final class BaseStore {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");

  private final Path folder;
  private final Clock clock;

  /**
   * @param folder {@code home/bases}; made when the first base arrives
   */
  public BaseStore(Path folder) {
    this(folder, Clock.systemUTC());
  }

  public BaseStore(Path folder, Clock clock) {
    this.folder = folder.toAbsolutePath().normalize();
    this.clock = clock;
  }

  /** The bases that are whole, by name. Damaged ones are in {@link #damaged}. */
  public List<Base> list() {
    var bases = new ArrayList<Base>();
    for (String name : names()) {
      try {
        bases.add(open(name));
      } catch (BadInput damaged) {
        continue; // said by damaged(); one bad folder must not hide the good ones
      }
    }
    return bases;
  }

  /** What is wrong with the bases that {@link #list} leaves out. */
  public List<BadInput> damaged() {
    var problems = new ArrayList<BadInput>();
    for (String name : names()) {
      try {
        open(name);
      } catch (BadInput e) {
        problems.add(e);
      }
    }
    return problems;
  }

  /**
   * The base of this name, if it is here.
   *
   * @throws BadInput when it is here and damaged
   */
  public Optional<Base> find(String name) {
    return has(name) ? Optional.of(open(name)) : Optional.empty();
  }

  /**
   * @throws BadInput when it is not here, with the nearest name or the command that fetches it, or
   *     when it is damaged
   */
  public Base require(String name) {
    return find(name).orElseThrow(() -> absent(name));
  }

  /** Where the base came from and what its files hash to. */
  public BaseRecord record(String name) {
    return BaseRecord.read(require(name).folder());
  }

  /**
   * Hashes every file again.
   *
   * @throws BadInput that names each file which changed
   */
  public Base verify(String name) {
    var base = require(name);
    BaseRecord.read(base.folder()).checkHashes(base.folder());
    return base;
  }

  /**
   * @throws BadInput when there is no such base; a damaged one goes like any other
   */
  public void remove(String name) {
    if (!has(name)) {
      throw absent(name);
    }
    try {
      // Renamed first: killed in the middle, there is no half base under its name.
      var aside = folder.resolve(".removed-" + name);
      Durable.deleteTree(aside);
      Durable.moveInto(folder.resolve(name), aside);
      Durable.deleteTree(aside);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + name, e);
    }
  }

  boolean has(String name) {
    return NAME.matcher(name).matches() && Files.exists(folder.resolve(name));
  }

  /** A folder aside for what is being pulled as {@code name}; the same one each time. */
  Path aside(String name) {
    return folder.resolve(".pull-" + requireName(name));
  }

  /**
   * Takes a finished folder in under {@code name}: checks that its weights are the model's, hashes
   * and records its files, forces them to disk, and renames it.
   *
   * @throws BadInput when config or weights cannot be used
   */
  Base adopt(Path made, String name, String source, List<BaseRecord.Attempt> tried)
      throws IOException {
    return adopt(made, name, source, tried, null);
  }

  /** The same for one that was made of another base here. */
  Base adopt(
      Path made,
      String name,
      String source,
      List<BaseRecord.Attempt> tried,
      BaseRecord.@Nullable Extension extension)
      throws IOException {
    requireName(name);
    BaseFiles.open(made, ModelConfigs.read(made)).close(); // every tensor is there and fits
    BaseRecord.write(made, name, source, clock.instant().toString(), tried, extension);
    Durable.forceTree(made);
    Durable.moveInto(made, folder.resolve(name));
    return open(name);
  }

  private Base open(String name) {
    var home = folder.resolve(name);
    var record = BaseRecord.read(home);
    record.checkSizes(home);
    return new Base(name, home, ModelConfigs.read(home), record.weightsSha256(), record.source());
  }

  private List<String> names() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(folder)) {
      return list.filter(Files::isDirectory)
          .map(f -> f.getFileName().toString())
          .filter(n -> NAME.matcher(n).matches())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
  }

  private static String requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new BadInput(
          "not a name for a base",
          name,
          "Use lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit.");
    }
    return name;
  }

  private BadInput absent(String name) {
    if (Catalogue.names().contains(name)) {
      return new BadInput("this base is not here yet", name, "Fetch it: ./lathe pull " + name);
    }
    var known = Stream.concat(names().stream(), Catalogue.names().stream()).distinct().toList();
    var near = DidYouMean.nearest(name, known);
    return new BadInput(
        "unknown base",
        name,
        DidYouMean.remedy(name, known)
            + near.filter(n -> !has(n)).map(n -> " Fetch it: ./lathe pull " + n).orElse(""));
  }
}
