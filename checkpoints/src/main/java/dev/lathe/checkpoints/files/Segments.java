package dev.lathe.checkpoints.files;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;

/** Memory of any length to files and hashes, in pieces that a byte buffer can hold. */
public final class Segments {
  private static final long PIECE = 1 << 26;

  private Segments() {}

  /** Writes all of it at the channel's position. */
  public static void write(FileChannel out, MemorySegment segment) throws IOException {
    for (long at = 0; at < segment.byteSize(); at += PIECE) {
      var piece = piece(segment, at).asByteBuffer();
      while (piece.hasRemaining()) {
        out.write(piece);
      }
    }
  }

  public static void update(MessageDigest digest, MemorySegment segment) {
    for (long at = 0; at < segment.byteSize(); at += PIECE) {
      digest.update(piece(segment, at).asByteBuffer());
    }
  }

  private static MemorySegment piece(MemorySegment segment, long at) {
    return segment.asSlice(at, Math.min(PIECE, segment.byteSize() - at));
  }
}
