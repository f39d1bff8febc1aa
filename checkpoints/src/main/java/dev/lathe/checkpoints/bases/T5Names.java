package dev.lathe.checkpoints.bases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What T5's files call tensors. A layer is a list of parts that are numbered: what it says to
 * itself, in the decoder what it hears of the encoder, and the feed-forward.
 */
public final class T5Names {
  /** The embeddings of both stacks. */
  public static final String SHARED = "shared.weight";

  private static final String SELF = "SelfAttention.";
  private static final String CROSS = "EncDecAttention.";
  private static final String NORM = "layer_norm.weight";

  /** Where {@link #SHARED} may stand besides, or instead. */
  private static final List<String> COPIES =
      List.of("encoder.embed_tokens.weight", "decoder.embed_tokens.weight");

  /** Some old files hold it, and nothing ever read it. */
  private static final String UNUSED =
      "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

  private T5Names() {}

  private static EncoderDecoder stacks(ModelConfig c) {
    var stacks = c.block().encoderDecoder();
    if (stacks == null) {
      throw new IllegalArgumentException(c.architecture() + " is no encoder-decoder");
    }
    return stacks;
  }

  /** A block's seven, and the decoder's four that look at the encoder. */
  static List<Projection> projections(ModelConfig c) {
    int width = c.heads() * c.headDim();
    int slot = Projection.CROSS;
    var all = new ArrayList<>(c.block().names().projections(c));
    all.add(new Projection(slot, CROSS + "q", c.hiddenSize(), width));
    all.add(new Projection(slot + 1, CROSS + "k", c.hiddenSize(), width));
    all.add(new Projection(slot + 2, CROSS + "v", c.hiddenSize(), width));
    all.add(new Projection(slot + 3, CROSS + "o", width, c.hiddenSize()));
    return all;
  }

  /** Whether a layer has it: the encoder's do not look at an encoder. */
  static boolean has(ModelConfig c, int layer, Projection projection) {
    return projection.slot() < Projection.CROSS || layer >= stacks(c).encoderLayers();
  }

  /** A layer's path from the model's root. */
  private static String layer(ModelConfig c, int layer) {
    int encoder = stacks(c).encoderLayers();
    return layer < encoder
        ? "encoder.block." + layer + ".layer."
        : "decoder.block." + (layer - encoder) + ".layer.";
  }

  private static int feedForward(ModelConfig c, int layer) {
    return layer < stacks(c).encoderLayers() ? 1 : 2;
  }

  /** A module's path from the model's root, as PEFT names it. */
  static String module(ModelConfig c, int layer, Projection projection) {
    var path = projection.path();
    int part = path.startsWith(SELF) ? 0 : path.startsWith(CROSS) ? 1 : feedForward(c, layer);
    return layer(c, layer) + part + "." + path;
  }

  /** The norm before attention. */
  public static String norm(ModelConfig c, int layer) {
    return layer(c, layer) + "0." + NORM;
  }

  /** The norm before a decoder layer looks at the encoder. */
  public static String crossNorm(ModelConfig c, int layer) {
    return layer(c, layer) + "1." + NORM;
  }

  /** The norm before the feed-forward. */
  public static String innerNorm(ModelConfig c, int layer) {
    return layer(c, layer) + feedForward(c, layer) + "." + NORM;
  }

  /**
   * The last norm of a stack.
   *
   * @param stack {@code encoder} or {@code decoder}
   */
  public static String lastNorm(String stack) {
    return stack + ".final_layer_norm.weight";
  }

  /** A stack's biases of relative positions, (buckets, heads). */
  public static String distances(String stack) {
    return stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight";
  }

  /** Every tensor of the model with its shape, in the model's order. */
  static SequencedMap<String, long[]> expected(ModelConfig c) {
    long[] norm = {c.hiddenSize()};
    var stacks = stacks(c);
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put(SHARED, new long[] {c.vocabSize(), c.hiddenSize()});
    for (int i = 0; i < c.layers(); i++) {
      boolean encoder = i < stacks.encoderLayers();
      shapes.put(norm(c, i), norm);
      linear(shapes, c, i, 0, 3);
      if (i == 0 || i == stacks.encoderLayers()) {
        shapes.put(
            distances(encoder ? "encoder" : "decoder"), new long[] {stacks.buckets(), c.heads()});
      }
      if (!encoder) {
        shapes.put(crossNorm(c, i), norm);
        linear(shapes, c, i, Projection.CROSS, Projection.CROSS + 3);
      }
      shapes.put(innerNorm(c, i), norm);
      linear(shapes, c, i, 4, 6);
    }
    shapes.put(lastNorm("encoder"), norm);
    shapes.put(lastNorm("decoder"), norm);
    if (!c.tiedEmbeddings()) {
      shapes.put(TensorNames.head("weight"), new long[] {c.vocabSize(), c.hiddenSize()});
    }
    return shapes;
  }

  private static void linear(
      SequencedMap<String, long[]> shapes, ModelConfig c, int layer, int from, int to) {
    for (var p : c.projections()) {
      if (p.slot() >= from && p.slot() <= to) {
        shapes.put(module(c, layer, p) + ".weight", new long[] {p.out(), p.in()});
      }
    }
  }

  /** Gives the embeddings the name that counts, and forgets their copies. */
  static void settle(Map<String, StoredTensor> found) {
    for (var copy : COPIES) {
      var tensor = found.remove(copy);
      if (tensor != null) {
        found.putIfAbsent(SHARED, tensor);
      }
    }
    found.remove(UNUSED);
  }
}
