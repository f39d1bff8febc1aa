package dev.lathe.checkpoints.files;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file seen as read-only memory, as a whole, of any size, until {@link #close}. */
public record MappedFile(Path path, MemorySegment bytes, Arena arena) implements AutoCloseable {
  /**
   * @throws BadInput when there is no such file, or it cannot be read
   */
  public static MappedFile open(Path path) {
    return open(path, Arena.ofShared());
  }

  /** The same until nothing of it is in use any more; not to be closed. */
  public static MappedFile lasting(Path path) {
    return open(path, Arena.ofAuto());
  }

  private static MappedFile open(Path path, Arena arena) {
    if (!Files.isRegularFile(path)) {
      throw new BadInput("there is no such file", path.toString(), "Check the path.");
    }
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return new MappedFile(path, channel.map(MapMode.READ_ONLY, 0, channel.size(), arena), arena);
    } catch (IOException e) {
      throw new BadInput(
          "the file cannot be read (" + e.getMessage() + ")",
          path.toString(),
          "Check its permissions.",
          e);
    }
  }

  public long size() {
    return bytes.byteSize();
  }

  /** After this every segment taken from {@link #bytes} throws instead of reading. */
  @Override
  public void close() {
    arena.close();
  }
}
