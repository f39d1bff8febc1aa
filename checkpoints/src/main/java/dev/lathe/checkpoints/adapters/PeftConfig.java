package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code adapter_config.json} as PEFT 0.21 has it. */
final class PeftConfig {
  static final String FILE = "adapter_config.json";

  /** Keys that are read here, or change nothing about a trained LoRA. */
  private static final Set<String> UNDERSTOOD =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "bias",
          "corda_config",
          "ensure_weight_tying",
          "eva_config",
          "exclude_modules",
          "fan_in_fan_out", // GPT-2's base stores (in, out), as the base is known to; B A does not
          "inference_mode",
          "init_lora_weights",
          "layers_pattern",
          "layers_to_transform",
          "loftq_config",
          "lora_alpha",
          "lora_dropout",
          "lora_ga_config",
          "megatron_core",
          "modules_to_save",
          "peft_type",
          "peft_version",
          "qalora_group_size",
          "r",
          "revision",
          "runtime_config",
          "target_modules",
          "task_type",
          "trainable_token_indices",
          "use_dora",
          "use_rslora");

  /** Ways to start that leave the base's weights as they were; PiSSA and its like do not. */
  private static final Set<String> PLAIN_STARTS =
      Set.of("true", "false", "null", "\"gaussian\"", "\"orthogonal\"", "\"eva\"");

  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;

  /** A path that goes through a layer's number. */
  private static final Pattern NUMBERED = Pattern.compile("(^|\\.)\\d+\\.");

  private static final String CAUSAL = "CAUSAL_LM";
  private static final String SEQ2SEQ = "SEQ_2_SEQ_LM";

  private final ObjectNode config;
  private final List<String> problems = new ArrayList<>();

  private PeftConfig(Path file, ObjectNode config) {
    this.file = file;
    this.config = config;
  }

  /**
   * @param modules paths of the layers that the adapter's tensors belong to: they say what is
   *     adapted, where the config may say it in patterns
   * @param saved paths of what it holds whole
   * @param rows paths of that of which it holds some rows
   * @throws BadInput when it is no config of a LoRA, or of a variant that is computed otherwise
   */
  static AdapterConfig read(
      Path folder,
      Collection<String> modules,
      Collection<String> saved,
      Collection<String> rows,
      @Nullable String baseSha256) {
    var file = folder.resolve(FILE);
    return new PeftConfig(file, JsonFile.read(file)).read(modules, saved, rows, baseSha256);
  }

  private AdapterConfig read(
      Collection<String> modules,
      Collection<String> saved,
      Collection<String> rows,
      @Nullable String baseSha256) {
    if (!config.path("peft_type").asString("").equals("LORA")) {
      problems.add("peft_type is " + config.get("peft_type") + "; only LORA is supported");
    }
    checkVariant();
    var rank = config.path("r");
    if (!rank.isIntegralNumber() || !rank.canConvertToInt() || rank.intValue() < 1) {
      problems.add("r is " + config.get("r") + ", not a positive whole number");
    }
    var alpha = config.path("lora_alpha");
    if (!alpha.isNumber() || !Double.isFinite(alpha.asDouble())) {
      problems.add("lora_alpha is " + config.get("lora_alpha") + ", not a number");
    }
    double dropout = config.path("lora_dropout").asDouble(0);
    if (!(dropout >= 0 && dropout < 1)) {
      problems.add("lora_dropout is " + dropout + ", not in [0, 1)");
    }
    checkTargets(modules);
    var toSave = modulesToSave(saved);
    var tokens = trainableTokens(rows);
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "the adapter's config cannot be used (" + file + ")",
          problems,
          "Take an adapter that is a plain LoRA or DoRA, or merge this one with PEFT.");
    }
    return new AdapterConfig(
        rank.intValue(),
        alpha.asDouble(),
        config.path("use_rslora").asBoolean(false),
        config.path("use_dora").asBoolean(false),
        dropout,
        targets(modules),
        toSave,
        config.path("ensure_weight_tying").asBoolean(false),
        tokens,
        text("base_model_name_or_path"),
        baseSha256);
  }

  private void checkVariant() {
    if (!config.path("bias").asString("none").equals("none")) {
      problems.add("bias is " + config.get("bias") + "; only none is supported");
    }
    var task = config.path("task_type").asString("CAUSAL_LM");
    if (!task.equals(CAUSAL) && !task.equals(SEQ2SEQ)) {
      problems.add("task_type is " + task + "; only " + CAUSAL + " and " + SEQ2SEQ + " are");
    }
    var start = String.valueOf(config.get("init_lora_weights"));
    if (!PLAIN_STARTS.contains(start)) {
      problems.add("init_lora_weights is " + start + ", which changes the base's weights");
    }
    for (var entry : config.properties()) {
      if (!UNDERSTOOD.contains(entry.getKey()) && isSet(entry.getValue())) {
        problems.add(entry.getKey() + " is " + entry.getValue() + ", which is not supported");
      }
    }
  }

  private static boolean isSet(JsonNode value) {
    boolean unset =
        value.isNull()
            || value.isBoolean() && !value.booleanValue()
            || value.isContainer() && value.isEmpty();
    return !unset;
  }

  /** A list must be borne out by the tensors; a pattern is taken for what the tensors show. */
  private void checkTargets(Collection<String> modules) {
    for (var target : config.path("target_modules")) {
      var name = target.asString("");
      if (modules.stream().noneMatch(m -> m.equals(name) || m.endsWith("." + name))) {
        problems.add("target_modules names " + target + ", and no tensor belongs to it");
      }
    }
  }

  /** As the file lists them; PEFT saves resized embeddings without listing them. */
  private SortedSet<String> modulesToSave(Collection<String> saved) {
    var listed = new TreeSet<String>();
    for (var module : config.path("modules_to_save")) {
      var name = module.asString("");
      listed.add(name);
      if (saved.stream().noneMatch(m -> ends(m, name))) {
        problems.add("modules_to_save names " + module + ", and no tensor belongs to it");
      }
    }
    return listed.isEmpty() ? lastNames(saved) : listed; // a tied head's copy is not listed
  }

  /** A list is about the embedding; else lists stand under the names of modules. */
  private SortedMap<String, List<Integer>> trainableTokens(Collection<String> rows) {
    var indices = config.path("trainable_token_indices");
    var tokens = new TreeMap<String, List<Integer>>();
    for (var path : rows) {
      var own =
          indices.isArray()
              ? indices
              : indices.properties().stream()
                  .filter(e -> ends(path, e.getKey()))
                  .map(Map.Entry::getValue)
                  .findFirst()
                  .orElse(indices);
      var ids = new ArrayList<Integer>();
      own.forEach(id -> ids.add(id.asInt(-1)));
      if (!own.isArray() || ids.isEmpty() || ids.stream().anyMatch(id -> id < 0)) {
        problems.add("trainable_token_indices does not tell which rows of " + path + " there are");
      }
      tokens.put(path.substring(path.lastIndexOf('.') + 1), List.copyOf(ids));
    }
    if (rows.isEmpty() && !indices.isMissingNode() && isSet(indices)) {
      problems.add("trainable_token_indices is " + indices + ", and no tensor belongs to it");
    }
    return tokens;
  }

  private @Nullable String text(String key) {
    var node = config.get(key);
    return node != null && node.isString() ? node.stringValue() : null;
  }

  /**
   * As the file lists them, where it names parts of layers ({@code attn.c_proj}); else the last
   * names of what is there.
   */
  private SortedSet<String> targets(Collection<String> modules) {
    var listed = new TreeSet<String>();
    config.path("target_modules").forEach(t -> listed.add(t.asString("")));
    boolean parts = listed.stream().noneMatch(t -> NUMBERED.matcher(t).find());
    return parts && belongTogether(listed, modules) ? listed : lastNames(modules);
  }

  /** Whether every target has a module, and every module a target that its path ends with. */
  static boolean belongTogether(Collection<String> targets, Collection<String> modules) {
    return targets.stream().allMatch(t -> modules.stream().anyMatch(m -> ends(m, t)))
        && modules.stream().allMatch(m -> targets.stream().anyMatch(t -> ends(m, t)));
  }

  private static boolean ends(String module, String target) {
    return module.equals(target) || module.endsWith("." + target);
  }

  static SortedSet<String> lastNames(Collection<String> modules) {
    var names = new TreeSet<String>();
    modules.forEach(m -> names.add(m.substring(m.lastIndexOf('.') + 1)));
    return names;
  }

  /** The same settings give the same bytes. */
  static byte[] bytes(AdapterConfig c, boolean encoderDecoder) {
    var json = new TreeMap<String, @Nullable Object>();
    json.put("base_model_name_or_path", c.baseName());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    json.put("lora_alpha", whole(c.alpha()) ? (Object) (long) c.alpha() : c.alpha());
    json.put("lora_dropout", c.dropout());
    if (c.tied()) {
      json.put("ensure_weight_tying", true);
    }
    json.put("modules_to_save", c.modulesToSave().isEmpty() ? null : c.modulesToSave());
    json.put("peft_type", "LORA");
    json.put("r", c.rank());
    json.put("target_modules", c.targets());
    json.put("task_type", encoderDecoder ? SEQ2SEQ : CAUSAL);
    if (!c.trainableTokens().isEmpty()) {
      json.put("trainable_token_indices", c.trainableTokens());
    }
    json.put("use_dora", c.dora());
    json.put("use_rslora", c.rsLora());
    var text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static boolean whole(double alpha) {
    return alpha == Math.rint(alpha) && Math.abs(alpha) < 1e15;
  }
}
