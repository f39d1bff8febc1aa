package dev.lathe.checkpoints.files;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Bytes that come one piece after the other, so that what is written never has to be in memory as a
 * whole.
 */
@FunctionalInterface
public interface Pieces {
  /** Where the pieces go; a piece may be used again for the next one. */
  @FunctionalInterface
  interface Sink {
    void accept(MemorySegment piece) throws IOException;
  }

  void writeTo(Sink sink) throws IOException;

  /** Memory that is there already, a mapped file for instance. */
  static Pieces of(MemorySegment bytes) {
    return sink -> sink.accept(bytes);
  }
}
