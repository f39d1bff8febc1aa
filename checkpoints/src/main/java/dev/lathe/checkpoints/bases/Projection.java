package dev.lathe.checkpoints.bases;

/**
 * A linear layer of a block that can carry an adapter.
 *
 * @param slot which of the program's it is: 0 to 2 what attention reads (q, k, v, or all of them in
 *     0), 3 what it writes, 4 and 5 the ways into the feed-forward (gate and up, or all in 4), 6
 *     the way out; of an encoder-decoder besides 7 to 10, what the decoder asks, reads and writes
 *     of the encoder (q, k, v, o)
 * @param path the module's path within its layer, as Hugging Face names it
 */
public record Projection(int slot, String path, int in, int out) {
  /** The first slot of those that only an encoder-decoder has. */
  static final int CROSS = 7;

  /** The last part of the path, as recipes and PEFT's {@code target_modules} name it. */
  public String module() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** Whether PEFT would take {@code target} for this one: its path, or how the path ends. */
  public boolean isMeantBy(String target) {
    return path.equals(target) || path.endsWith("." + target);
  }
}
