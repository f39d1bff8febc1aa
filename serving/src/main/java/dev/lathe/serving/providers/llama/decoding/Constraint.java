package dev.lathe.serving.providers.llama.decoding;

/** What an answer may be, a piece at a time. One answer's; not shared. */
public interface Constraint {
  /** Whether the answer may go on with these bytes, which need not be whole characters. */
  boolean allows(byte[] piece);

  /** Goes on. */
  void accept(byte[] piece);

  /** Whether the answer may end here. */
  boolean complete();
}
