package dev.lathe.datasets.tokens;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** A small byte-level BPE tokenizer.json of our own: special tokens, 256 bytes, a few merges. */
public final class ByteLevelTokenizer {
  private static final List<String> SPECIAL =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>");

  private ByteLevelTokenizer() {}

  public static Tokenizer open(Path folder) {
    try {
      var file = Files.createDirectories(folder).resolve("tokenizer.json");
      Files.writeString(file, json());
      return Tokenizer.open(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static String json() {
    var vocab = new LinkedHashMap<String, Integer>();
    SPECIAL.forEach(s -> vocab.put(s, vocab.size()));
    for (int b = 0; b < 256; b++) {
      vocab.put(spelled(b), vocab.size());
    }
    var merges = new ArrayList<List<String>>();
    for (var word : List.of(" the", " and", "hello", "é", "日", "👋", "assistant")) {
      var so = "";
      for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
        var next = spelled(b & 0xff);
        if (!so.isEmpty() && !vocab.containsKey(so + next)) {
          merges.add(List.of(so, next));
          vocab.put(so + next, vocab.size());
        }
        so += next;
      }
    }
    var added =
        SPECIAL.stream()
            .map(
                s ->
                    Map.of(
                        "id",
                        vocab.get(s),
                        "content",
                        s,
                        "special",
                        true,
                        "single_word",
                        false,
                        "lstrip",
                        false,
                        "rstrip",
                        false,
                        "normalized",
                        false))
            .toList();
    var byteLevel = Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", false);
    var model = new LinkedHashMap<String, Object>();
    model.put("type", "BPE");
    model.put("vocab", vocab);
    model.put("merges", merges);
    var root = new LinkedHashMap<String, Object>();
    root.put("version", "1.0");
    // Settings that must not be obeyed: our tokenizer truncates and pads nothing.
    root.put(
        "truncation",
        Map.of("direction", "Right", "max_length", 4, "strategy", "LongestFirst", "stride", 0));
    root.put("added_tokens", added);
    root.put("pre_tokenizer", byteLevel);
    root.put("decoder", byteLevel);
    root.put("model", model);
    return JsonMapper.shared().writeValueAsString(root);
  }

  /** How byte-level vocabularies spell a byte: printable Latin-1 as itself, others from U+0100. */
  static String spelled(int b) {
    int shifted = 0;
    for (int i = 0; i <= b; i++) {
      boolean printable = (i >= '!' && i <= '~') || (i >= 0xa1 && i <= 0xac) || i >= 0xae;
      if (i == b) {
        return String.valueOf((char) (printable ? b : 256 + shifted));
      }
      shifted += printable ? 0 : 1;
    }
    throw new AssertionError();
  }
}
