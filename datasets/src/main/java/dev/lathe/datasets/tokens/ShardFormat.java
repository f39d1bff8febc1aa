package dev.lathe.datasets.tokens;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * A shard file, little-endian throughout:
 *
 * <pre>
 * header   HEADER bytes, below
 * records  for each example: ids int32[n] · labels ceil(n/32) int32, bit i%32 of word i/32
 *          · byte length of its id int32 · its id in UTF-8, padded to 4
 * index    for each example, ENTRY bytes: offset of its record int64 · tokens int32 · labelled
 *          tokens int32 · source int32 · language int32 (both number into the names)
 * names    count int32 · for each: byte length int32 · UTF-8, padded to 4
 * judged   of a preference dataset: liked ceil(examples/32) int32, bit i%32 of word i/32 · for each
 *          pair: chosen example int32 · rejected example int32
 * </pre>
 *
 * The CRC-32C in the header covers everything after it; a second one covers the header itself.
 */
final class ShardFormat {
  static final long MAGIC = 0x314452485348544CL; // "LTHSHRD1" as bytes
  static final int VERSION = 1;
  static final int HEADER = 160;
  static final int ENTRY = 24;

  private ShardFormat() {}

  /**
   * @param judged where that section begins; 0 where the dataset has none
   * @param tokenizer SHA-256 of tokenizer.json
   * @param template SHA-256 of the chat template
   */
  record Header(
      long examples,
      long tokens,
      long labelTokens,
      int longest,
      long index,
      long names,
      long end,
      long judged,
      int pairs,
      int bodyCrc,
      String tokenizer,
      String template) {

    ByteBuffer toBytes() {
      var out = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
      out.putLong(MAGIC).putInt(VERSION).putInt(longest);
      out.putLong(examples).putLong(tokens).putLong(labelTokens);
      out.putLong(index).putLong(names).putLong(end);
      out.put(HexFormat.of().parseHex(tokenizer)).put(HexFormat.of().parseHex(template));
      out.putLong(judged).putInt(pairs);
      out.putInt(HEADER - 8, bodyCrc).putInt(HEADER - 4, crc(out.array()));
      return out.position(0);
    }

    static Header read(ByteBuffer in) {
      in.order(ByteOrder.LITTLE_ENDIAN);
      byte[] tokenizer = new byte[32];
      byte[] template = new byte[32];
      in.get(64, tokenizer).get(96, template);
      return new Header(
          in.getLong(16),
          in.getLong(24),
          in.getLong(32),
          in.getInt(12),
          in.getLong(40),
          in.getLong(48),
          in.getLong(56),
          in.getLong(128),
          in.getInt(136),
          in.getInt(HEADER - 8),
          HexFormat.of().formatHex(tokenizer),
          HexFormat.of().formatHex(template));
    }
  }

  /** Of a header without its own CRC. */
  static int crc(byte[] header) {
    var crc = new CRC32C();
    crc.update(header, 0, HEADER - 4);
    return (int) crc.getValue();
  }

  static int labelWords(int tokens) {
    return Math.ceilDiv(tokens, 32);
  }

  static int padded(int bytes) {
    return Math.ceilDiv(bytes, 4) * 4;
  }
}
