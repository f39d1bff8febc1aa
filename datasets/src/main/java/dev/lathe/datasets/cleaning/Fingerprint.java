package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;

/**
 * What duplicates are recognised by. Pure and costly, so it is made on many threads, and compared
 * on one.
 *
 * @param exactHigh with {@code exactLow} 128 bits of roles, texts and calls
 * @param signature MinHash, or empty where only exact duplicates are looked for
 */
@SuppressWarnings("ArrayRecordComponent") // made once, compared in tight loops
public record Fingerprint(long exactHigh, long exactLow, int[] signature) {

  public static Fingerprint of(Conversation conversation, boolean near) {
    long high = 0x9E3779B97F4A7C15L;
    long low = 0xC2B2AE3D27D4EB4FL;
    var spoken = new StringBuilder();
    for (var message : conversation.messages()) {
      int start = spoken.length();
      spoken.append(message.content()).append('\n');
      for (var call : message.toolCalls()) {
        spoken.append(call.name()).append(' ').append(call.arguments()).append('\n');
      }
      high = mix(high ^ message.role().ordinal());
      for (int i = start; i < spoken.length(); i++) {
        high = (high ^ spoken.charAt(i)) * 0x100000001B3L;
        low = Long.rotateLeft(low, 23) * 0x9FB21C651E98DF25L + spoken.charAt(i);
      }
      high = mix(high);
      low = mix(low);
      if (message.role() == Role.SYSTEM) {
        // One prompt before every chat would make all chats alike.
        spoken.setLength(start);
      }
    }
    return new Fingerprint(high, low, near ? MinHash.signature(spoken) : new int[0]);
  }

  /** The finalizer of MurmurHash3 (Appleby): every bit of the input moves every bit out. */
  static long mix(long value) {
    long z = (value ^ (value >>> 33)) * 0xFF51AFD7ED558CCDL;
    z = (z ^ (z >>> 33)) * 0xC4CEB9FE1A85EC53L;
    return z ^ (z >>> 33);
  }
}
