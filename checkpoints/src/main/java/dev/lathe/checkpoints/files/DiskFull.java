package dev.lathe.checkpoints.files;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Tells a full disk, which the user can mend, from other failures of writing. */
public final class DiskFull {
  private DiskFull() {}

  /**
   * Says so before the first byte, where it can be known.
   *
   * @throws BadInput when fewer than {@code bytes} are free where {@code folder} lies
   */
  public static void require(Path folder, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < bytes) {
      throw new BadInput(
          "the disk has too little space",
          "%s (%,d MB needed, %,d MB free)"
              .formatted(folder, (bytes + 999_999) / 1_000_000, free / 1_000_000),
          "Free space there, or choose a folder on another disk.");
    }
  }

  /** Whether the disk or a quota is full. */
  public static boolean is(IOException e) {
    var message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("no space left")
        || message.contains("quota exceeded")
        || message.contains("not enough space");
  }

  /** What to throw after {@code e}: a BadInput with its remedy when the disk or a quota is full. */
  public static RuntimeException orUnchecked(IOException e, Path path) {
    return is(e)
        ? new BadInput(
            "the disk is full; nothing was changed",
            path.toString(),
            "Free space there and run the command again.",
            e)
        : new UncheckedIOException("cannot write " + path + ": " + e.getMessage(), e);
  }
}
