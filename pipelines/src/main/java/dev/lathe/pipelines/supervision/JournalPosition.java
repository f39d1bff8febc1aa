package dev.lathe.pipelines.supervision;

/**
 * How far a reader came: the last record it took, where that record stands, and its checksum, so
 * that a later reader can tell whether this journal is still the one that was read.
 *
 * @param seq the last record taken; 0 before the first
 * @param start offset of that record's line in bytes
 * @param end offset behind its line feed
 * @param crc CRC32C of that record's JSON
 */
public record JournalPosition(long seq, long start, long end, int crc) {
  public static final JournalPosition START = new JournalPosition(0, 0, 0, 0);

  public JournalPosition {
    if (seq < 0 || start < 0 || end < start) {
      throw new IllegalArgumentException(
          "no position in a journal: " + seq + " at " + start + ".." + end);
    }
  }

  /** One word, for a database's column; {@link #parse} reads it. */
  @Override
  public String toString() {
    return seq + ":" + start + ":" + end + ":" + Integer.toHexString(crc);
  }

  public static JournalPosition parse(String word) {
    var parts = word.split(":", -1);
    return new JournalPosition(
        Long.parseLong(parts[0]),
        Long.parseLong(parts[1]),
        Long.parseLong(parts[2]),
        Integer.parseUnsignedInt(parts[3], 16));
  }
}
