package dev.lathe.datasets.logs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The way in: log files of any format, plain, gzip or zstd. */
public final class Logs {
  private Logs() {}

  /**
   * One log.
   *
   * @param format null to find it out
   * @throws BadInput when there is no such file or it is no conversation log
   */
  public static LogReader open(Path path, @Nullable LogFormat format) {
    return files(List.of(path), format).getFirst().open();
  }

  /**
   * The logs of one build, in order. Router logs are read once here: feedback joins its answer
   * whichever of the files it stands in.
   *
   * @throws BadInput that names every missing file at once, or the first that is no log
   */
  public static List<LogFile> files(List<Path> paths, @Nullable LogFormat format) {
    var problems = paths.stream().map(Logs::problem).flatMap(Optional::stream).toList();
    if (!problems.isEmpty()) {
      throw BadInput.all("no such log", problems, "Give paths to log files. " + LogFormat.known());
    }
    var join = new LatheJoin();
    var files = new ArrayList<LogFile>();
    for (var path : paths) {
      files.add(LogFile.of(path, format, join));
    }
    return files;
  }

  private static Optional<String> problem(Path path) {
    if (Files.isDirectory(path)) {
      return Optional.of(path + " is a directory, not a file");
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      return Optional.of(path + " is a pipe or a device; a log is read more than once");
    }
    if (Files.isReadable(path)) {
      return Optional.empty();
    }
    if (Files.exists(path)) {
      return Optional.of(path + " may not be read by you");
    }
    return Optional.of(path + near(path));
  }

  private static String near(Path path) {
    var folder = path.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return " (there is no directory " + folder + ")";
    }
    try (var files = Files.list(folder)) {
      var names = files.limit(10_000).map(f -> String.valueOf(f.getFileName())).sorted().toList();
      return DidYouMean.nearest(String.valueOf(path.getFileName()), names)
          .map(name -> " (did you mean " + folder.resolve(name) + "?)")
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }
}
