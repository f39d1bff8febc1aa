package dev.lathe.datasets.tokens;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What each id is called: the model's vocabulary and the added tokens of a tokenizer.json. */
final class Vocabulary {
  private final @Nullable String[] tokens;
  private final Map<String, Integer> ids;

  private Vocabulary(@Nullable String[] tokens, Map<String, Integer> ids) {
    this.tokens = tokens;
    this.ids = ids;
  }

  static Vocabulary read(Path file) {
    JsonNode root;
    try {
      root = JsonMapper.shared().readTree(file.toFile());
    } catch (JacksonException e) {
      throw new BadInput(
          "not JSON: " + e.getOriginalMessage(), file.toString(), "Pull the base again.", e);
    }
    var ids = new HashMap<String, Integer>();
    var vocab = root.path("model").path("vocab");
    if (vocab.isObject()) { // BPE, WordPiece, WordLevel
      vocab.properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
    } else { // Unigram: [[token, score], …], the position is the id
      for (int i = 0; i < vocab.size(); i++) {
        ids.put(vocab.get(i).path(0).asString(), i);
      }
    }
    for (var added : root.path("added_tokens")) {
      ids.put(added.path("content").asString(), added.path("id").asInt());
    }
    if (ids.isEmpty() || ids.values().stream().anyMatch(i -> i < 0 || i > 1 << 24)) {
      throw new BadInput("no usable vocabulary", file.toString(), "Pull the base again.");
    }
    int size = ids.values().stream().mapToInt(i -> i).max().orElseThrow() + 1;
    var tokens = new @Nullable String[size];
    ids.forEach((token, id) -> tokens[id] = token);
    return new Vocabulary(tokens, Map.copyOf(ids));
  }

  String token(int id) {
    if (id < 0 || id >= tokens.length) {
      throw new IllegalArgumentException("no token " + id + " in a vocabulary of " + tokens.length);
    }
    var token = tokens[id];
    return token == null ? "" : token;
  }

  OptionalInt idOf(String token) {
    var id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  int size() {
    return tokens.length;
  }

  @Override
  public String toString() {
    return "Vocabulary" + Arrays.asList(tokens).subList(0, Math.min(8, tokens.length));
  }
}
