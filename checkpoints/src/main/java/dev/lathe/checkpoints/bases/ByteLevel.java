package dev.lathe.checkpoints.bases;

import java.util.LinkedHashMap;
import java.util.Map;

/** GPT-2's byte-level alphabet: every byte has a printable character of its own. */
final class ByteLevel {
  private ByteLevel() {}

  /** The step of this name in {@code tokenizer.json}. */
  static Map<String, Object> step(boolean prefixSpace, boolean trimOffsets, boolean regex) {
    var json = new LinkedHashMap<String, Object>();
    json.put("type", "ByteLevel");
    json.put("add_prefix_space", prefixSpace);
    json.put("trim_offsets", trimOffsets);
    json.put("use_regex", regex);
    return json;
  }

  /**
   * The character of each byte: printable Latin-1 stands for itself, the others count up from
   * U+0100.
   */
  static char[] alphabet() {
    var characters = new char[256];
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      characters[b] = printable ? (char) b : next++;
    }
    return characters;
  }
}
