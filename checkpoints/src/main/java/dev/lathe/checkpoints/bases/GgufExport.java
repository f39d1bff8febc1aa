package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.gguf.GgufWriter;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A whole model as one GGUF file that llama.cpp loads: its weights in llama.cpp's names and order,
 * its config and tokenizer as metadata. A few rows are in memory at a time.
 */
public final class GgufExport {
  private static final int QUANTIZATION_VERSION = 2;

  private final Base base;
  private final Weights weights;
  private final GgufLayout layout;
  private final @Nullable Encoding wanted;

  private GgufExport(Base base, Weights weights, @Nullable Encoding wanted) {
    this.base = base;
    this.weights = weights;
    this.layout = GgufLayout.of(base.config());
    this.wanted = wanted;
  }

  /**
   * Prepares the file; {@link GgufWriter#write} then reads the weights, which must be open still.
   * The same model gives the same bytes.
   *
   * @param base whose config, tokenizer and chat template go into the file
   * @param weights the base's, or others of the same shapes
   * @param wanted how matrices are packed; null keeps each as it is. Vectors are always F32, and a
   *     matrix whose rows are no whole blocks is F16
   * @param marks further metadata
   * @return writing throws BadInput when the weights hold NaN, or what the encoding cannot hold
   * @throws BadInput when llama.cpp cannot load such a model, or would read texts otherwise
   */
  public static GgufWriter of(
      Base base, Weights weights, @Nullable Encoding wanted, SequencedMap<String, String> marks) {
    return new GgufExport(base, weights, wanted).prepare(marks);
  }

  private GgufWriter prepare(SequencedMap<String, String> marks) {
    var gguf = new GgufWriter();
    var own = ServedBase.ownFile(base);
    if (own.isPresent()) {
      try (var from = GgufFile.open(own.get())) {
        gguf.metadataOf(from);
      }
    } else {
      describe(gguf);
      GgufTokenizerWriter.write(base, gguf);
    }
    gguf.uint32("general.file_type", fileType(most()))
        .uint32("general.quantization_version", QUANTIZATION_VERSION);
    marks.forEach(gguf::text);
    layout
        .shapes()
        .forEach(
            (name, shape) -> {
              var encoding = encoding(name, shape);
              gguf.tensor(layout.name(name), encoding, shape, pieces(name, encoding));
            });
    return gguf;
  }

  /** The config in GGUF's names. */
  private void describe(GgufWriter gguf) {
    var c = base.config();
    var a = layout.architecture();
    gguf.text("general.architecture", a)
        .text("general.type", "model")
        .text("general.name", base.name())
        .uint32(a + ".block_count", c.layers())
        .uint32(a + ".context_length", c.maxPositions())
        .uint32(a + ".embedding_length", c.hiddenSize())
        .uint32(a + ".feed_forward_length", c.intermediateSize())
        .uint32(a + ".attention.head_count", c.heads())
        .uint32(a + ".attention.head_count_kv", c.keyValueHeads())
        .uint32(a + ".attention.key_length", c.headDim())
        .uint32(a + ".attention.value_length", c.headDim())
        .float32(a + ".attention.layer_norm_rms_epsilon", (float) c.normEps())
        .float32(a + ".rope.freq_base", (float) c.rotaries().getFirst().theta())
        .uint32(a + ".rope.dimension_count", c.headDim())
        .uint32(a + ".vocab_size", c.vocabSize());
  }

  private Encoding encoding(String name, long[] shape) {
    if (shape.length < 2) {
      return Encoding.F32; // llama.cpp multiplies by norms in F32 only; widening is exact
    }
    var encoding = wanted == null ? weights.encoding(name) : wanted;
    return shape[shape.length - 1] % encoding.elements() == 0 ? encoding : Encoding.F16;
  }

  /** llama.cpp's {@code general.file_type}: what most elements are. */
  private static int fileType(Encoding encoding) {
    return switch (encoding) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q8_0 -> 7;
      case BF16 -> 32;
    };
  }

  /** What the largest part of the elements is. */
  private Encoding most() {
    var counts = new LinkedHashMap<Encoding, Long>();
    layout
        .shapes()
        .forEach(
            (name, shape) -> {
              long count = shape[0] * (shape.length > 1 ? shape[1] : 1);
              counts.merge(encoding(name, shape), count, Long::sum);
            });
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElseThrow();
  }

  private Pieces pieces(String name, Encoding encoding) {
    return layout.reordered(name)
        ? PackedRows.of(weights, name, encoding, row -> layout.sourceRow(name, row))
        : PackedRows.of(weights, name, encoding);
  }
}
