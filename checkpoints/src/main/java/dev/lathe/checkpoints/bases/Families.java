package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.bases.Block.Activation;
import dev.lathe.checkpoints.bases.Block.Biases;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The families that are computed here, each a description over shared parts. */
final class Families {
  private static final Map<String, Family> KNOWN =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("llama", Families::llama),
              Map.entry("mistral", Families::mistral),
              Map.entry("qwen2", Families::qwen2),
              Map.entry("qwen3", Families::qwen3),
              Map.entry("gemma", Families::gemma),
              Map.entry("gemma2", Families::gemma2),
              Map.entry("gemma3_text", Families::gemma3),
              Map.entry("phi", Families::phi),
              Map.entry("phi3", Families::phi3),
              Map.entry("gpt2", Families::gpt2),
              Map.entry("t5", Families::t5)));

  private static final Map<String, Activation> ACTIVATIONS =
      new TreeMap<>(
          Map.of(
              "silu", Activation.SILU,
              "swish", Activation.SILU,
              "gelu", Activation.GELU,
              "gelu_new", Activation.GELU_TANH,
              "gelu_fast", Activation.GELU_TANH,
              "gelu_pytorch_tanh", Activation.GELU_TANH));

  private Families() {}

  /** Reads what a family's {@code config.json} says, and fills in what it leaves out. */
  @FunctionalInterface
  private interface Family {
    Description describe(ConfigReader c, Sizes s);
  }

  /** What every family has. */
  record Sizes(int hidden, int layers, int heads, int positions) {
    int headDim() {
      return Math.max(1, hidden / heads);
    }
  }

  /**
   * What sets a base apart.
   *
   * @param tied what holds when the file does not say
   */
  record Description(
      Block block,
      List<Rotary> rotaries,
      int inner,
      int keyValueHeads,
      int headDim,
      double eps,
      boolean tied) {
    /** The head is the embedding matrix unless the file says otherwise. */
    Description withTiedHead() {
      return new Description(block, rotaries, inner, keyValueHeads, headDim, eps, true);
    }

    Description with(List<Rotary> others) {
      return new Description(block, others, inner, keyValueHeads, headDim, eps, tied);
    }
  }

  static Set<String> known() {
    return KNOWN.keySet();
  }

  /**
   * @param type one of {@link #known}
   */
  static Description describe(String type, ConfigReader c, Sizes s) {
    var family = KNOWN.get(type);
    if (family == null) {
      throw new IllegalArgumentException(type);
    }
    return family.describe(c, s);
  }

  private static Description llama(ConfigReader c, Sizes s) {
    boolean attention = c.flag("attention_bias", false);
    boolean mlp = c.flag("mlp_bias", false);
    int head = c.size("head_dim", s.headDim());
    return rms(
        c,
        s,
        head,
        gated(c, s, TensorNames.LLAMA, head)
            .biases(new Biases(attention, attention, mlp, mlp, false)));
  }

  private static Description mistral(ConfigReader c, Sizes s) {
    int head = c.size("head_dim", s.headDim());
    return rms(
        c,
        s,
        head,
        gated(c, s, TensorNames.LLAMA, head).windows(Collections.nCopies(s.layers(), window(c))));
  }

  private static Description qwen2(ConfigReader c, Sizes s) {
    int head = c.size("head_dim", s.headDim());
    return rms(
        c,
        s,
        head,
        gated(c, s, TensorNames.LLAMA, head).biases(Biases.QKV).windows(qwenWindows(c, s)));
  }

  private static Description qwen3(ConfigReader c, Sizes s) {
    boolean bias = c.flag("attention_bias", false);
    int head = c.size("head_dim", 128);
    return rms(
        c,
        s,
        head,
        gated(c, s, TensorNames.LLAMA, head)
            .biases(new Biases(bias, bias, false, false, false))
            .headNorms()
            .windows(qwenWindows(c, s)));
  }

  private static Description phi3(ConfigReader c, Sizes s) {
    int head = c.size("head_dim", s.headDim());
    return rms(
        c,
        s,
        head,
        gated(c, s, TensorNames.PHI3, head).windows(Collections.nCopies(s.layers(), window(c))));
  }

  private static Description gemma(ConfigReader c, Sizes s) {
    int head = c.size("head_dim", 256);
    return rms(c, s, head, gemmas(c, s, TensorNames.LLAMA, head)).withTiedHead();
  }

  private static Description gemma2(ConfigReader c, Sizes s) {
    int head = c.size("head_dim", 256);
    return rms(
            c,
            s,
            head,
            gemmas(c, s, TensorNames.GEMMA, head)
                .sandwich()
                .windows(alternating(c, s, 2))
                .caps(cap(c, "attn_logit_softcapping", 50), cap(c, "final_logit_softcapping", 30))
                .queryScale(1 / Math.sqrt(c.positive("query_pre_attn_scalar", 256))))
        .withTiedHead();
  }

  private static Description gemma3(ConfigReader c, Sizes s) {
    int head = c.size("head_dim", 256);
    var windows = alternating(c, s, c.size("sliding_window_pattern", 6));
    return rms(
            c,
            s,
            head,
            gemmas(c, s, TensorNames.GEMMA, head)
                .sandwich()
                .headNorms()
                .windows(windows)
                .tables(windows.stream().map(w -> w > 0 ? 1 : 0).toList())
                .caps(cap(c, "attn_logit_softcapping", 0), cap(c, "final_logit_softcapping", 0))
                .queryScale(1 / Math.sqrt(c.positive("query_pre_attn_scalar", 256))))
        .with(new RotaryReader(c, head, s.positions(), 1_000_000).globalAndLocal())
        .withTiedHead();
  }

  private static Block.Builder gated(ConfigReader c, Sizes s, TensorNames names, int head) {
    return new Block.Builder(names, s.layers(), head)
        .activation(activation(c, "hidden_act", "silu"));
  }

  /** What all Gemmas share: shifted norms, tanh's GELU, scaled embeddings. */
  private static Block.Builder gemmas(ConfigReader c, Sizes s, TensorNames names, int head) {
    // Gemma 1's first files say hidden_act "gelu" and mean its approximation; transformers does so.
    return new Block.Builder(names, s.layers(), head)
        .shiftedNorms()
        .activation(activation(c, "hidden_activation", "gelu_pytorch_tanh"))
        .embeddingScale(Math.sqrt(s.hidden()));
  }

  private static Description phi(ConfigReader c, Sizes s) {
    if (c.flag("qk_layernorm", false)) {
      c.problem("qk_layernorm is true; Phi with normalised queries and keys is not computed");
    }
    int head = s.headDim();
    return new Description(
        new Block.Builder(TensorNames.PHI, s.layers(), head)
            .layerNorm()
            .parallel()
            .ungated()
            .activation(activation(c, "hidden_act", "gelu_new"))
            .biases(new Biases(true, true, true, true, true))
            .build(),
        List.of(new RotaryReader(c, turned(c, head, 0.5), s.positions(), 10_000).one()),
        c.size("intermediate_size", null),
        c.size("num_key_value_heads", s.heads()),
        head,
        c.positive("layer_norm_eps", 1e-5),
        false);
  }

  private static Description gpt2(ConfigReader c, Sizes s) {
    if (!c.flag("scale_attn_weights", true) || c.flag("scale_attn_by_inverse_layer_idx", false)) {
      c.problem("scale_attn_weights or scale_attn_by_inverse_layer_idx is not as in GPT-2");
    }
    return new Description(
        new Block.Builder(TensorNames.GPT2, s.layers(), s.headDim())
            .layerNorm()
            .ungated()
            .activation(activation(c, "activation_function", "gelu_new"))
            .biases(new Biases(true, true, true, true, false))
            .learnedPositions()
            .build(),
        List.of(),
        c.size("n_inner", 4 * s.hidden()),
        s.heads(),
        s.headDim(),
        c.positive("layer_norm_epsilon", 1e-5),
        true);
  }

  /** T5, Flan-T5, GODEL. Scores are not scaled, and distances are biases instead of rotations. */
  private static Description t5(ConfigReader c, Sizes s) {
    int head = c.size("d_kv", 64);
    int buckets = c.size("relative_attention_num_buckets", 32);
    int farthest = c.size("relative_attention_max_distance", 128);
    if (buckets < 4 || buckets % 4 != 0 || farthest <= buckets / 2) {
      c.problem(
          "relative_attention_num_buckets %d and relative_attention_max_distance %d do not go together"
              .formatted(buckets, farthest));
    }
    var way = c.text("feed_forward_proj", "relu");
    boolean gated = way.startsWith("gated-");
    var names = gated ? TensorNames.T5_GATED : TensorNames.T5;
    var block =
        new Block.Builder(names, s.layers(), head)
            .activation(t5Activation(c, way))
            .queryScale(1)
            .encoderDecoder(
                new EncoderDecoder(
                    s.layers(),
                    c.size("num_decoder_layers", s.layers()),
                    buckets,
                    farthest,
                    c.at("decoder_start_token_id").asInt(0)));
    return new Description(
        (gated ? block : block.ungated()).build(),
        List.of(),
        c.size("d_ff", null),
        s.heads(),
        head,
        c.positive("layer_norm_epsilon", 1e-6),
        true);
  }

  /** In {@code gated-gelu}, transformers takes tanh's approximation. */
  private static Activation t5Activation(ConfigReader c, String way) {
    return switch (way) {
      case "relu", "gated-relu" -> Activation.RELU;
      case "gated-gelu", "gelu_new", "gated-gelu_new" -> Activation.GELU_TANH;
      case "gelu" -> Activation.GELU;
      case "silu", "gated-silu" -> Activation.SILU;
      default -> {
        c.problem("feed_forward_proj is %s; known: relu, gated-gelu, gated-silu".formatted(way));
        yield Activation.RELU;
      }
    };
  }

  /** The common case: RMSNorm and rotary embeddings. */
  private static Description rms(ConfigReader c, Sizes s, int head, Block.Builder block) {
    return new Description(
        block.build(),
        List.of(new RotaryReader(c, turned(c, head, 1), s.positions(), 10_000).one()),
        c.size("intermediate_size", null),
        c.size("num_key_value_heads", s.heads()),
        head,
        c.positive("rms_norm_eps", 1e-6),
        false);
  }

  private static Activation activation(ConfigReader c, String key, String otherwise) {
    var name = c.has(key) ? c.text(key, "") : otherwise;
    var activation = ACTIVATIONS.get(name);
    if (activation == null) {
      c.problem(
          "%s is %s; known: %s".formatted(key, name, String.join(", ", ACTIVATIONS.keySet())));
      return Activation.SILU;
    }
    return activation;
  }

  /** How many of a head's values turn. */
  private static int turned(ConfigReader c, int head, double otherwise) {
    var key = "partial_rotary_factor";
    var rope = c.at("rope_parameters").path(key);
    double share = rope.isNumber() ? rope.asDouble() : c.positive(key, otherwise);
    int width = (int) (head * share);
    if (width < 2 || width > head || width % 2 != 0) {
      if (head % 2 == 0) { // an odd head is told of elsewhere
        c.problem(key + " is " + share + ", which leaves no even part of " + head);
      }
      return head;
    }
    return width;
  }

  private static int window(ConfigReader c) {
    return c.has("sliding_window") ? c.size("sliding_window", null) : 0;
  }

  /** From {@code layer_types}, else every {@code pattern}th layer sees everything. */
  private static List<Integer> alternating(ConfigReader c, Sizes s, int pattern) {
    int window = c.size("sliding_window", 4096);
    if (c.has("layer_types")) {
      return typed(c, s, window);
    }
    var windows = new ArrayList<Integer>();
    for (int i = 0; i < s.layers(); i++) {
      windows.add((i + 1) % pattern == 0 ? 0 : window);
    }
    return windows;
  }

  private static List<Integer> qwenWindows(ConfigReader c, Sizes s) {
    var windows = new ArrayList<>(Collections.nCopies(s.layers(), 0));
    if (c.flag("use_sliding_window", false)) {
      int window = c.size("sliding_window", 4096);
      if (c.has("layer_types")) {
        return typed(c, s, window);
      }
      for (int i = c.size("max_window_layers", 28); i < s.layers(); i++) {
        windows.set(i, window);
      }
    }
    return windows;
  }

  private static List<Integer> typed(ConfigReader c, Sizes s, int window) {
    var windows = new ArrayList<Integer>();
    for (var type : c.at("layer_types")) {
      switch (type.asString("")) {
        case "full_attention" -> windows.add(0);
        case "sliding_attention" -> windows.add(window);
        default -> c.problem("layer_types holds " + type + ", which is not known");
      }
    }
    if (windows.size() != s.layers()) {
      c.problem("layer_types names %d layers of %d".formatted(windows.size(), s.layers()));
      return Collections.nCopies(s.layers(), 0);
    }
    return windows;
  }

  /** A cap that the file may switch off with null. */
  private static double cap(ConfigReader c, String key, double otherwise) {
    return c.at(key).isNull() ? 0 : c.positive(key, otherwise);
  }
}
