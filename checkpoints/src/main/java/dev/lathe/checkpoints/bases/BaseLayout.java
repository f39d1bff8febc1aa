package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Which files make a base, and what of them can be made from the others. */
final class BaseLayout {
  static final Pattern GGUF = Pattern.compile("[\\w][\\w.+ -]*\\.gguf");

  private static final Pattern SHARD = Pattern.compile("model-(\\d{5})-of-(\\d{5})\\.safetensors");
  private static final String WHOLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String TEMPLATE = "chat_template.jinja";

  /** What stands beside the weights. */
  static final List<String> BESIDE =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          TEMPLATE,
          "LICENSE",
          "LICENSE.md",
          "LICENSE.txt");

  private static final JsonMapper JSON = JsonMapper.shared();

  private BaseLayout() {}

  /**
   * The files of a repository or directory that make a base; only names known here, so that none
   * can be a path.
   *
   * @throws BadInput when there is no base among {@code names}
   */
  static List<String> select(String source, Collection<String> names) {
    var chosen = new ArrayList<String>();
    BESIDE.stream().filter(names::contains).forEach(chosen::add);
    var weights = safetensors(source, names);
    if (!weights.isEmpty()) {
      for (String needed : List.of("config.json", "tokenizer.json")) {
        if (!names.contains(needed)) {
          throw new BadInput(
              "a base without " + needed,
              source,
              "A base is a directory in Hugging Face's layout: config.json, tokenizer.json and"
                  + " safetensors.");
        }
      }
      chosen.addAll(weights);
      return chosen;
    }
    var ggufs = names.stream().filter(n -> GGUF.matcher(n).matches()).sorted().toList();
    if (ggufs.size() > 1) {
      throw new BadInput(
          "several GGUF files and no safetensors",
          source + ": " + String.join(", ", ggufs),
          "Download one of them and give its path.");
    }
    if (ggufs.isEmpty()) {
      boolean pickled = names.stream().anyMatch(n -> n.endsWith(".bin") || n.endsWith(".pt"));
      throw new BadInput(
          pickled ? "only pickled weights, which can hold programs" : "no weights",
          source,
          "A base has model.safetensors, its shards, or one .gguf file.");
    }
    chosen.add(ggufs.getFirst());
    return chosen;
  }

  private static List<String> safetensors(String source, Collection<String> names) {
    if (names.contains(WHOLE)) {
      return List.of(WHOLE);
    }
    var shards = new TreeSet<String>();
    names.stream().filter(n -> SHARD.matcher(n).matches()).forEach(shards::add);
    if (shards.isEmpty()) {
      return List.of();
    }
    var last = SHARD.matcher(shards.getLast());
    if (!last.matches() || shards.size() != Integer.parseInt(last.group(2))) {
      throw new BadInput(
          "shards are missing", source + ": " + String.join(", ", shards), "Fetch them all.");
    }
    if (!names.contains(INDEX)) {
      throw new BadInput("shards without " + INDEX, source, "Add it beside them.");
    }
    var all = new ArrayList<>(shards);
    all.add(INDEX);
    return all;
  }

  /**
   * Makes what is missing: everything beside a GGUF file, and the chat template's own file; an
   * encoder-decoder's, which comes with none, is one of {@link SourceTemplates}.
   *
   * @param called the base's name and where it comes from
   * @throws BadInput when a file is broken, or there is no chat template anywhere
   */
  static void complete(Path folder, String called) throws IOException {
    try (var list = Files.list(folder)) {
      for (Path file : list.toList()) {
        var leaf = file.getFileName().toString();
        if (leaf.startsWith(".") || leaf.equals(BaseRecord.FILE)) {
          Files.delete(file); // left by a pull that was killed
        }
      }
    }
    Optional<Path> gguf;
    try (var list = Files.list(folder)) {
      gguf = list.filter(f -> f.toString().endsWith(".gguf")).findFirst();
    }
    gguf.ifPresent(GgufModel::complete);
    json(folder.resolve("tokenizer.json"));
    var template = folder.resolve(TEMPLATE);
    if (Files.exists(template)) {
      return;
    }
    var text =
        templateIn(json(folder.resolve("tokenizer_config.json")))
            .or(() -> forEncoderDecoder(folder, called))
            .orElseThrow(
                () ->
                    new BadInput(
                        "a base without a chat template",
                        folder.getFileName() + "",
                        "Take the model's instruct version, or put a chat_template.jinja beside its"
                            + " files and pull that directory."));
    Durable.write(template, text);
  }

  private static Optional<String> forEncoderDecoder(Path folder, String called) {
    return ModelConfigs.read(folder).isEncoderDecoder()
        ? Optional.of(SourceTemplates.of(called))
        : Optional.empty();
  }

  /** A text, or several by name, of which "default" counts. */
  private static Optional<String> templateIn(JsonNode tokenizerConfig) {
    var value = tokenizerConfig.path("chat_template");
    if (value.isString()) {
      return Optional.of(value.asString());
    }
    for (JsonNode named : value) {
      if (named.path("name").asString("").equals("default")) {
        return named.path("template").asStringOpt();
      }
    }
    return Optional.empty();
  }

  private static JsonNode json(Path file) throws IOException {
    if (!Files.exists(file)) {
      return JSON.createObjectNode();
    }
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new BadInput(
          "a base's file is not JSON",
          file.getFileName() + ": " + e.getOriginalMessage(),
          "Fetch it again.",
          e);
    }
  }
}
