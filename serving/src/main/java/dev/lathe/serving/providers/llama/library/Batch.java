package dev.lathe.serving.providers.llama.library;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The tokens of one step, each at its position in its sequence ({@code llama_batch}). */
public final class Batch {
  private final int capacity;
  private final MemorySegment tokens;
  private final MemorySegment positions;
  private final MemorySegment counts;
  private final MemorySegment sequenceLists;
  private final MemorySegment sequences;
  private final MemorySegment wanted;
  private final MemorySegment whole;
  private int size;

  /**
   * @param capacity tokens at most
   */
  public Batch(int capacity) {
    this.capacity = capacity;
    var arena = Arena.ofAuto();
    tokens = arena.allocate(JAVA_INT, capacity);
    positions = arena.allocate(JAVA_INT, capacity);
    counts = arena.allocate(JAVA_INT, capacity);
    sequenceLists = arena.allocate(ADDRESS, capacity);
    sequences = arena.allocate(JAVA_INT, capacity);
    wanted = arena.allocate(JAVA_BYTE, capacity);
    whole = arena.allocate(LlamaFunctions.BATCH);
    for (int i = 0; i < capacity; i++) {
      counts.setAtIndex(JAVA_INT, i, 1);
      sequenceLists.setAtIndex(ADDRESS, i, sequences.asSlice(4L * i, 4));
    }
  }

  public int size() {
    return size;
  }

  public boolean full() {
    return size == capacity;
  }

  public void clear() {
    size = 0;
  }

  /**
   * Adds a token.
   *
   * @param logits whether what follows it will be asked for
   * @return its index in this batch
   */
  public int add(int token, int position, int sequence, boolean logits) {
    if (full()) {
      throw new IllegalStateException("a batch holds " + capacity + " tokens");
    }
    tokens.setAtIndex(JAVA_INT, size, token);
    positions.setAtIndex(JAVA_INT, size, position);
    sequences.setAtIndex(JAVA_INT, size, sequence);
    wanted.set(JAVA_BYTE, size, (byte) (logits ? 1 : 0));
    return size++;
  }

  /** The tokens from one index to before another, as the library takes them. */
  MemorySegment part(int from, int to) {
    whole.set(JAVA_LONG, 0, to - from);
    whole.set(ADDRESS, 8, tokens.asSlice(4L * from));
    whole.set(ADDRESS, 16, MemorySegment.NULL);
    whole.set(ADDRESS, 24, positions.asSlice(4L * from));
    whole.set(ADDRESS, 32, counts.asSlice(4L * from));
    whole.set(ADDRESS, 40, sequenceLists.asSlice(8L * from));
    whole.set(ADDRESS, 48, wanted.asSlice(from));
    return whole;
  }
}
