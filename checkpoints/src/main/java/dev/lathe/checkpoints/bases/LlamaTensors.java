package dev.lathe.checkpoints.bases;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** What GGUF calls the tensors of the llama architecture. */
final class LlamaTensors {
  private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d+)\\.(\\w+)\\.weight");

  private static final Map<String, String> OUTSIDE =
      Map.of(
          "token_embd.weight", "model.embed_tokens.weight",
          "output_norm.weight", "model.norm.weight",
          "output.weight", TensorNames.head("weight"));

  private static final Map<String, String> INSIDE =
      Map.of(
          "attn_norm", "input_layernorm",
          "attn_q", "self_attn.q_proj",
          "attn_k", "self_attn.k_proj",
          "attn_v", "self_attn.v_proj",
          "attn_output", "self_attn.o_proj",
          "ffn_norm", "post_attention_layernorm",
          "ffn_gate", "mlp.gate_proj",
          "ffn_up", "mlp.up_proj",
          "ffn_down", "mlp.down_proj");

  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)\\.weight");

  private LlamaTensors() {}

  /** The Hugging Face name of a tensor in a GGUF file, if the architecture has such a one. */
  static Optional<String> fromGguf(String name) {
    var block = BLOCK.matcher(name);
    if (!block.matches()) {
      return Optional.ofNullable(OUTSIDE.get(name));
    }
    return Optional.ofNullable(INSIDE.get(block.group(2)))
        .map(inside -> "model.layers." + block.group(1) + "." + inside + ".weight");
  }

  /** What GGUF calls the tensor of this Hugging Face name, if the architecture has such a one. */
  static Optional<String> toGguf(String name) {
    var layer = LAYER.matcher(name);
    if (!layer.matches()) {
      return key(OUTSIDE, name);
    }
    return key(INSIDE, layer.group(2))
        .map(part -> "blk." + layer.group(1) + "." + part + ".weight");
  }

  private static Optional<String> key(Map<String, String> names, String value) {
    return names.entrySet().stream()
        .filter(e -> e.getValue().equals(value))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /**
   * Whether GGUF holds the tensor's rows in pairs. Its rotary embedding turns neighbouring rows of
   * a head, Hugging Face's turns rows half a head apart.
   */
  static boolean rowsPaired(String name) {
    return name.endsWith("self_attn.q_proj.weight") || name.endsWith("self_attn.k_proj.weight");
  }
}
