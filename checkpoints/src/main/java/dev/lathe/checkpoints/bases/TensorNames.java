package dev.lathe.checkpoints.bases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * What a family calls its tensors, as Hugging Face's files have them. Parts that a family stacks in
 * one matrix stand in one list; a name that is empty is a part the family does not have.
 *
 * @param prefix before everything but the head
 * @param layers before a layer's number
 * @param query what attention reads: q, k and v, or all of them in one
 * @param inner the ways into the feed-forward: gate and up, or all in one
 * @param norms before attention and before the feed-forward
 * @param added norms of what attention and feed-forward add
 * @param heads norms of q's and k's heads
 * @param transposed whether linear layers are stored as (in, out)
 */
public record TensorNames(
    String prefix,
    String embedding,
    String positions,
    String finalNorm,
    String layers,
    List<String> query,
    String out,
    List<String> inner,
    String down,
    List<String> norms,
    List<String> added,
    List<String> heads,
    boolean transposed) {
  static final String HEAD = "lm_head";

  private static final List<String> QKV =
      List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
  private static final List<String> HEAD_NORMS = List.of("self_attn.q_norm", "self_attn.k_norm");

  private static final List<String> GATE_UP = List.of("mlp.gate_proj", "mlp.up_proj");
  private static final List<String> NORMS = List.of("input_layernorm", "post_attention_layernorm");

  /** Llama, Mistral, Qwen. */
  static final TensorNames LLAMA =
      newer("norm", QKV, "self_attn.o_proj", GATE_UP, "mlp.down_proj", NORMS, List.of());

  /** Gemma 2 and 3. */
  static final TensorNames GEMMA =
      newer(
          "norm",
          QKV,
          "self_attn.o_proj",
          GATE_UP,
          "mlp.down_proj",
          List.of("input_layernorm", "pre_feedforward_layernorm"),
          List.of("post_attention_layernorm", "post_feedforward_layernorm"));

  /** Phi-3 and 3.5. */
  static final TensorNames PHI3 =
      newer(
          "norm",
          List.of("self_attn.qkv_proj"),
          "self_attn.o_proj",
          List.of("mlp.gate_up_proj"),
          "mlp.down_proj",
          NORMS,
          List.of());

  /** Phi-1.5 and 2. */
  static final TensorNames PHI =
      newer(
          "final_layernorm",
          QKV,
          "self_attn.dense",
          List.of("mlp.fc1"),
          "mlp.fc2",
          List.of("input_layernorm"),
          List.of());

  /** GPT-2 and DialoGPT. */
  static final TensorNames GPT2 =
      new TensorNames(
          "transformer.",
          "wte",
          "wpe",
          "ln_f",
          "h.",
          List.of("attn.c_attn"),
          "attn.c_proj",
          List.of("mlp.c_fc"),
          "mlp.c_proj",
          List.of("ln_1", "ln_2"),
          List.of(),
          List.of(),
          true);

  /** T5 1.0's parts of a layer; {@link T5Names} has the rest. */
  static final TensorNames T5 = t5(List.of("DenseReluDense.wi"));

  /** The same of T5 1.1, whose feed-forward has a gate. */
  static final TensorNames T5_GATED = t5(List.of("DenseReluDense.wi_0", "DenseReluDense.wi_1"));

  private static TensorNames t5(List<String> inner) {
    return new TensorNames(
        "",
        "shared",
        "",
        "final_layer_norm",
        "block.",
        List.of("SelfAttention.q", "SelfAttention.k", "SelfAttention.v"),
        "SelfAttention.o",
        inner,
        "DenseReluDense.wo",
        List.of(),
        List.of(),
        List.of(),
        false);
  }

  /** What all families since Llama share. */
  private static TensorNames newer(
      String finalNorm,
      List<String> query,
      String out,
      List<String> inner,
      String down,
      List<String> norms,
      List<String> added) {
    return new TensorNames(
        "model.",
        "embed_tokens",
        "",
        finalNorm,
        "layers.",
        query,
        out,
        inner,
        down,
        norms,
        added,
        HEAD_NORMS,
        false);
  }

  /** The name in full: some old files leave out what stands before all names. */
  String whole(String name) {
    boolean bare =
        Stream.of(embedding, positions, finalNorm)
                .anyMatch(part -> !part.isEmpty() && name.startsWith(part + "."))
            || name.startsWith(layers);
    return bare ? prefix + name : name;
  }

  String outside(String name) {
    return prefix + name + ".weight";
  }

  /** A part's weight in a layer. */
  public String weight(int layer, String part) {
    return prefix + layers + layer + "." + part + ".weight";
  }

  public String bias(int layer, String part) {
    return prefix + layers + layer + "." + part + ".bias";
  }

  /** A module's path from the model's root, as PEFT names it. */
  public String module(int layer, Projection projection) {
    return prefix + layers + layer + "." + projection.path();
  }

  public String embeddings() {
    return outside(embedding);
  }

  public String learnedPositions() {
    return outside(positions);
  }

  /** {@code weight} or {@code bias} of the last norm. */
  public String last(String kind) {
    return prefix + finalNorm + "." + kind;
  }

  /** {@code weight} or {@code bias} of the vocabulary head. */
  public static String head(String kind) {
    return HEAD + "." + kind;
  }

  /** The linear layers of a block that can carry an adapter. */
  List<Projection> projections(ModelConfig c) {
    int hidden = c.hiddenSize();
    int queries = c.heads() * c.headDim();
    int keys = c.keyValueHeads() * c.headDim();
    int inside = c.intermediateSize();
    var list = new ArrayList<Projection>();
    if (query.size() == 1) {
      list.add(new Projection(0, query.getFirst(), hidden, queries + 2 * keys));
    } else {
      list.add(new Projection(0, query.get(0), hidden, queries));
      list.add(new Projection(1, query.get(1), hidden, keys));
      list.add(new Projection(2, query.get(2), hidden, keys));
    }
    list.add(new Projection(3, out, queries, hidden));
    if (inner.size() == 1) {
      list.add(
          new Projection(4, inner.getFirst(), hidden, c.block().gated() ? 2 * inside : inside));
    } else {
      list.add(new Projection(4, inner.get(0), hidden, inside));
      list.add(new Projection(5, inner.get(1), hidden, inside));
    }
    list.add(new Projection(6, down, inside, hidden));
    return list;
  }

  /** Every tensor of the model with its shape, in the model's order. */
  SequencedMap<String, long[]> expected(ModelConfig c) {
    long hidden = c.hiddenSize();
    var block = c.block();
    var others = Stream.concat(norms.stream().skip(1), added.stream()).toList();
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put(embeddings(), new long[] {c.vocabSize(), hidden});
    if (block.learnedPositions()) {
      shapes.put(learnedPositions(), new long[] {c.maxPositions(), hidden});
    }
    for (int i = 0; i < c.layers(); i++) {
      norm(shapes, i, norms.getFirst(), hidden, block);
      linear(shapes, c, i, 0, 2, block.biases().qkv());
      if (block.headNorms()) {
        for (var name : heads) {
          shapes.put(weight(i, name), new long[] {c.headDim()});
        }
      }
      linear(shapes, c, i, 3, 3, block.biases().out());
      for (var name : others) {
        norm(shapes, i, name, hidden, block);
      }
      linear(shapes, c, i, 4, 5, block.biases().inner());
      linear(shapes, c, i, 6, 6, block.biases().down());
    }
    shapes.put(last("weight"), new long[] {hidden});
    if (block.layerNorm()) {
      shapes.put(last("bias"), new long[] {hidden});
    }
    if (!c.tiedEmbeddings()) {
      shapes.put(head("weight"), new long[] {c.vocabSize(), hidden});
    }
    if (block.biases().head()) {
      shapes.put(head("bias"), new long[] {c.vocabSize()});
    }
    return shapes;
  }

  private void norm(
      SequencedMap<String, long[]> shapes, int layer, String name, long hidden, Block block) {
    shapes.put(weight(layer, name), new long[] {hidden});
    if (block.layerNorm()) {
      shapes.put(bias(layer, name), new long[] {hidden});
    }
  }

  private void linear(
      SequencedMap<String, long[]> shapes, ModelConfig c, int layer, int from, int to, boolean b) {
    for (var p : c.projections()) {
      if (p.slot() >= from && p.slot() <= to) {
        shapes.put(
            weight(layer, p.path()),
            transposed ? new long[] {p.in(), p.out()} : new long[] {p.out(), p.in()});
        if (b) {
          shapes.put(bias(layer, p.path()), new long[] {p.out()});
        }
      }
    }
  }
}
