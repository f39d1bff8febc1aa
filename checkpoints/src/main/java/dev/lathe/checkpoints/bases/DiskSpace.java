package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Full disks, said clearly and where possible before the first byte. */
final class DiskSpace {
  private DiskSpace() {}

  /**
   * @throws BadInput when fewer than {@code bytes} are free where {@code folder} lies
   */
  static void require(Path folder, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < bytes) {
      throw new BadInput(
          "the disk has too little space",
          folder + " (" + megabytes(bytes) + " needed, " + megabytes(free) + " free)",
          "Make room there or set LATHE_HOME to another disk, then pull again: what is loaded stays.");
    }
  }

  /**
   * Throws the clear error when {@code e} says that the disk is full; returns any other as it is.
   */
  static IOException explain(IOException e, Path folder) {
    if (DiskFull.orUnchecked(e, folder) instanceof BadInput full) {
      throw full;
    }
    return e;
  }

  private static String megabytes(long bytes) {
    return (bytes + 999_999) / 1_000_000 + " MB";
  }
}
