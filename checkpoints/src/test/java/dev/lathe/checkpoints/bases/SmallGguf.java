package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.gguf.GgufBytes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** A whole GGUF model of one layer, a few hundred tokens and a chat template. */
final class SmallGguf {
  static final String TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}";
  static final int HIDDEN = 8;

  private SmallGguf() {}

  static byte[] bytes() {
    return bytes("smollm");
  }

  static byte[] bytes(String pre) {
    var tokens = tokens();
    var types = IntStream.range(0, tokens.size()).map(id -> id < 3 ? 3 : 1).toArray();
    types[3] = 4;
    var gguf =
        new GgufBytes()
            .text("general.architecture", "llama")
            .uint32("llama.block_count", 1)
            .uint32("llama.context_length", 128)
            .uint32("llama.embedding_length", HIDDEN)
            .uint32("llama.feed_forward_length", 16)
            .uint32("llama.attention.head_count", 2)
            .uint32("llama.attention.head_count_kv", 1)
            .float32("llama.rope.freq_base", 100_000f)
            .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", pre)
            .texts("tokenizer.ggml.tokens", tokens)
            .int32s("tokenizer.ggml.token_type", types)
            .texts("tokenizer.ggml.merges", List.of("Ġ t", "h e", "Ġt he"))
            .uint32("tokenizer.ggml.bos_token_id", 1)
            .uint32("tokenizer.ggml.eos_token_id", 2)
            .uint32("tokenizer.ggml.unknown_token_id", 0)
            .uint32("tokenizer.ggml.padding_token_id", 2)
            .bool("tokenizer.ggml.add_bos_token", false)
            .text("tokenizer.chat_template", TEMPLATE);
    matrix(gguf, "token_embd", tokens.size(), HIDDEN);
    vector(gguf, "output_norm");
    vector(gguf, "blk.0.attn_norm");
    vector(gguf, "blk.0.ffn_norm");
    matrix(gguf, "blk.0.attn_q", 8, HIDDEN);
    matrix(gguf, "blk.0.attn_k", 4, HIDDEN);
    matrix(gguf, "blk.0.attn_v", 4, HIDDEN);
    matrix(gguf, "blk.0.attn_output", HIDDEN, 8);
    matrix(gguf, "blk.0.ffn_gate", 16, HIDDEN);
    matrix(gguf, "blk.0.ffn_up", 16, HIDDEN);
    matrix(gguf, "blk.0.ffn_down", HIDDEN, 16);
    return gguf.bytes();
  }

  static List<String> tokens() {
    var tokens = new ArrayList<>(List.of("<|end|>", "<|from|>", "<|to|>", "<think>"));
    for (char character : ByteLevel.alphabet()) {
      tokens.add(String.valueOf(character));
    }
    tokens.addAll(List.of("Ġt", "he", "Ġthe"));
    return tokens;
  }

  private static void vector(GgufBytes gguf, String name) {
    var ones = new float[HIDDEN];
    java.util.Arrays.fill(ones, 1f);
    gguf.tensor(name + ".weight", 0, new long[] {HIDDEN}, GgufBytes.floats(ones));
  }

  private static void matrix(GgufBytes gguf, String name, int rows, int columns) {
    var values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 13 - 6) / 50f;
    }
    gguf.tensor(name + ".weight", 0, new long[] {rows, columns}, GgufBytes.floats(values));
  }
}
