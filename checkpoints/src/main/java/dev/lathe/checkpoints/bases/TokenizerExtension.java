package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A {@code tokenizer.json} with tokens added behind those it has: the id that Hugging Face's
 * tokenizers library would give each, since it numbers them itself when it reads the file.
 */
final class TokenizerExtension {
  private static final String CONFIG = "tokenizer_config.json";
  private static final String TEMPLATE_KEY = "chat_template";

  private final Path folder;
  private final ObjectNode tokenizer;
  private final AddedTokens more;
  private final int firstId;

  private TokenizerExtension(Path folder, ObjectNode tokenizer, AddedTokens more, int firstId) {
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.more = more;
    this.firstId = firstId;
  }

  /**
   * @param folder of the base to be extended
   * @throws BadInput when the base knows one of the tokens, or its ids leave gaps
   */
  static TokenizerExtension of(Path folder, AddedTokens more) {
    var tokenizer = JsonFile.read(folder.resolve("tokenizer.json"));
    var ids = new HashMap<String, Integer>();
    var vocabulary = tokenizer.path("model").path("vocab");
    vocabulary.properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt(-1)));
    for (int i = 0; vocabulary.isArray() && i < vocabulary.size(); i++) { // Unigram: place is id
      ids.put(vocabulary.path(i).path(0).asString(""), i);
    }
    int count = ids.size();
    int last = -1;
    for (var added : tokenizer.path("added_tokens")) {
      ids.put(added.path("content").asString(""), added.path("id").asInt(-1));
      last = Math.max(last, added.path("id").asInt(-1));
    }
    requireUnknown(folder, more, ids);
    requireReadBack(more, tokenizer.path("decoder"));
    int next = Math.max(count, last + 1);
    int highest = ids.values().stream().mapToInt(id -> id).max().orElse(-1);
    if (next != highest + 1) {
      throw new BadInput(
          "the base's tokens leave gaps in their ids, so that none can be added behind them",
          "%s: %,d tokens, the highest id %,d".formatted(folder.getFileName(), count, highest),
          "Take another base.");
    }
    return new TokenizerExtension(folder, tokenizer, more, next);
  }

  private static void requireUnknown(Path folder, AddedTokens more, Map<String, Integer> ids) {
    var known =
        more.tokens().stream()
            .filter(ids::containsKey)
            .map(token -> "'" + token + "' is its token " + ids.get(token))
            .toList();
    if (!known.isEmpty()) {
      throw BadInput.all(
          "the base " + folder.getFileName() + " knows these tokens already",
          known,
          "Leave them out: they are one id each as they are.");
    }
  }

  /**
   * A byte-level decoder takes the characters of a token for bytes if it can, those of an added one
   * too: an u umlaut would come out as one byte of no character.
   */
  private static void requireReadBack(AddedTokens more, JsonNode decoder) {
    if (!decoder.toString().contains("\"ByteLevel\"")) {
      return;
    }
    var bytes = new String(ByteLevel.alphabet());
    for (var token : more.tokens()) {
      if (token.chars().allMatch(c -> bytes.indexOf(c) >= 0)
          && token.chars().anyMatch(c -> c > 126)) {
        throw new BadInput(
            "this base's tokenizer would write the token as something else",
            token,
            "Spell it with ASCII characters.");
      }
    }
  }

  /** Of the first token that comes to it; the others follow. */
  int firstId() {
    return firstId;
  }

  /** The ids that there are afterwards: the highest plus one. */
  int size() {
    return firstId + more.tokens().size();
  }

  /** Writes {@code tokenizer.json} and, where the base has one, {@code tokenizer_config.json}. */
  void write(Path into, boolean ownTemplate) {
    var added =
        tokenizer.path("added_tokens") instanceof ArrayNode there
            ? there
            : tokenizer.putArray("added_tokens");
    entries().forEach(entry -> added.add(tree(entry)));
    Durable.write(into.resolve("tokenizer.json"), HuggingFaceJson.text(tokenizer));
    var file = folder.resolve(CONFIG);
    if (Files.exists(file)) {
      Durable.write(
          into.resolve(CONFIG), HuggingFaceJson.text(config(JsonFile.read(file), ownTemplate)));
    }
  }

  /** transformers keeps a second list of added tokens there, by their ids. */
  private JsonNode config(ObjectNode config, boolean ownTemplate) {
    if (config.path("added_tokens_decoder") instanceof ObjectNode decoder) {
      for (var entry : entries()) {
        var id = String.valueOf(entry.remove("id"));
        decoder.set(id, tree(entry));
      }
    }
    if (ownTemplate) {
      config.remove(TEMPLATE_KEY);
    }
    return config;
  }

  private List<Map<String, Object>> entries() {
    var entries = new ArrayList<Map<String, Object>>();
    for (int i = 0; i < more.tokens().size(); i++) {
      entries.add(GgufTokenizer.addedToken(firstId + i, more.tokens().get(i), more.special()));
    }
    return entries;
  }

  private static JsonNode tree(Map<String, Object> entry) {
    return JsonMapper.shared().valueToTree(entry);
  }
}
