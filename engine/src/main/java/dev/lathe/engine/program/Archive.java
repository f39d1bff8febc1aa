package dev.lathe.engine.program;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The model as a TorchScript archive: the text parts beside this class joined into one class, and a
 * model's sizes as its attributes. A zip of stored entries, deterministic to the byte; DJL loads
 * it, and so does Python's {@code torch.jit.load}.
 */
public final class Archive {
  /** In the order in which they are read best; TorchScript does not mind. */
  private static final List<String> PARTS =
      List.of(
          "basics",
          "packed",
          "dora",
          "saved",
          "attention",
          "head",
          "layer",
          "full",
          "fast",
          "tape",
          "preference",
          "generate");

  /** The same for an encoder-decoder, whose methods have the same names and contracts. */
  private static final List<String> T5 = List.of("basics", "saved", "head", "t5");

  private static final Pattern METHOD = Pattern.compile("(?m)^def (\\w+)\\(self\\b");
  private static final String CLASS = "__torch__.Decoder";

  private Archive() {}

  /**
   * Rows of queries that attention computes together, and rows of logits that exist at once: larger
   * ones cost memory, smaller ones time (docs/performance.md). Both are multiples of {@code tile},
   * to which every varying length is rounded up.
   */
  public record Tiling(int queries, int logits, int tile) {
    public static final Tiling DEFAULT = new Tiling(128, 256, 64);

    public Tiling {
      if (tile < 1 || queries % tile != 0 || logits % tile != 0) {
        throw new IllegalArgumentException("blocks are whole tiles");
      }
    }
  }

  /**
   * What training makes uncertain on purpose; nothing else does.
   *
   * @param dropout the share of an adapter's input that is zeroed
   * @param neftune alpha of the noise on embeddings, 0 for none
   */
  public record Noise(double dropout, double neftune) {
    public static final Noise NONE = new Noise(0, 0);

    public boolean isSome() {
      return dropout > 0 || neftune > 0;
    }
  }

  /** How a base's matrices are held in memory while an adapter is trained on it (QLoRA). */
  public enum Packing {
    NONE(0),
    NF4(4),
    INT8(8);

    private final int bits;

    Packing(int bits) {
      this.bits = bits;
    }

    int bits() {
      return bits;
    }
  }

  /**
   * What of the way forward is computed again on the way back instead of kept: memory against time.
   * The gradients are the same to the bit.
   */
  public enum Checkpointing {
    /** The first 33 million of attention's probabilities are kept, 64 MiB in bf16. */
    AUTO(1 << 25, false),
    /** Everything is kept that is dearer to compute than to keep. */
    NONE(Integer.MAX_VALUE, false),
    /**
     * Attention's probabilities are computed again, which grow with the square of a conversation.
     */
    ATTENTION(0, false),
    /** Of every block its input alone is kept (Chen et al. 2016). */
    BLOCK(1 << 25, true);

    private final int probabilities;
    private final boolean blocks;

    Checkpointing(int probabilities, boolean blocks) {
      this.probabilities = probabilities;
      this.blocks = blocks;
    }

    /**
     * How many of attention's probabilities have room in each layer that keeps them, as
     * attention.py has it.
     *
     * @param tokens of a micro-batch, whole tiles
     */
    public long probabilities(ModelConfig c, long tokens, Tiling tiling) {
      return c.block().attentionCap() > 0
          ? 0
          : Math.min(
              probabilities / (blocks ? 1 : c.layers()),
              c.heads() * tokens * (tokens + tiling.queries()) / 2);
    }
  }

  /**
   * How a model is trained, as far as the program has to know.
   *
   * @param full whether all its weights learn, and no adapter
   */
  public record Training(Noise noise, Packing packing, Checkpointing checkpointing, boolean full) {
    /** Without noise, an adapter on the base as it is. */
    public static final Training PLAIN =
        new Training(Noise.NONE, Packing.NONE, Checkpointing.AUTO, false);

    public Training {
      if (full && (packing != Packing.NONE || noise.dropout() > 0)) {
        throw new IllegalArgumentException("only an adapter has a packed base, or dropout");
      }
    }

    public Training with(Noise other) {
      return new Training(other, packing, checkpointing, full);
    }

    public Training with(Packing other) {
      return new Training(noise, other, checkpointing, full);
    }

    public Training with(Checkpointing other) {
      return new Training(noise, packing, other, full);
    }

    /** The same of all weights. */
    public Training ofAllWeights() {
      return new Training(noise, packing, checkpointing, true);
    }
  }

  /** The archive's bytes for one model and one adapter's shape. */
  public static byte[] of(ModelConfig config, LoraShape lora, Training training, Tiling tiling) {
    if (config.isEncoderDecoder()
        && (lora.dora() || training.full() || training.packing() != Packing.NONE)) {
      throw new IllegalArgumentException(
          "an encoder-decoder takes LoRA on its base as it is, no DoRA");
    }
    var attributes = attributes(config, lora, training, tiling);
    var parts = config.isEncoderDecoder() ? T5 : PARTS;
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      store(zip, "decoder/data.pkl", Pickle.object("__torch__", "Decoder", attributes));
      store(
          zip,
          "decoder/code/__torch__.py",
          text(attributes, parts).getBytes(StandardCharsets.UTF_8));
      store(zip, "decoder/constants.pkl", Pickle.emptyTuple());
      store(zip, "decoder/version", "10\n".getBytes(StandardCharsets.UTF_8));
      store(zip, "decoder/byteorder", "little".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    }
    return bytes.toByteArray();
  }

  private static Map<String, Object> attributes(
      ModelConfig c, LoraShape lora, Training training, Tiling tiling) {
    var offsets = lora.offsets();
    var a = new LinkedHashMap<String, Object>();
    a.put("training", true);
    a.put("layers", c.layers());
    a.put("heads", c.heads());
    a.put("kv", c.keyValueHeads());
    a.put("head", c.headDim());
    a.put("ffn", c.intermediateSize());
    a.put("eps", c.normEps());
    a.put("scale", lora.scale());
    a.put("dora", lora.dora());
    a.put("dropout", training.noise().dropout());
    a.put("neftune", training.noise().neftune());
    a.put("packing", training.packing().bits());
    a.put("checkpointing", training.checkpointing().blocks);
    a.put("most_probabilities", training.checkpointing().probabilities);
    var block = c.block();
    a.put("layer_norm", block.layerNorm());
    a.put("sandwich", block.sandwich());
    a.put("parallel", block.parallel());
    a.put("head_norms", block.headNorms());
    a.put("gated", block.gated());
    a.put("activation", block.activation().ordinal());
    a.put("windows", block.windows());
    a.put("tables", block.tables());
    a.put("attention_cap", block.attentionCap());
    a.put("final_cap", block.finalCap());
    a.put("query_scale", block.queryScale());
    a.put("embedding_scale", block.embeddingScale());
    a.put("rotated", c.rotaries().isEmpty() ? 0 : c.rotaries().getFirst().width());
    a.put("rotary_scale", c.rotaries().isEmpty() ? 1.0 : c.rotaries().getFirst().magnitude());
    a.put("block", tiling.queries());
    a.put("slice", tiling.logits());
    a.put("tile", tiling.tile());
    a.put("ranks", each(lora, lora::rankOf));
    a.put("ins", each(lora, Projection::in));
    a.put("outs", each(lora, Projection::out));
    a.put("a_at", offsets.a());
    a.put("b_at", offsets.b());
    a.put("m_at", offsets.m());
    a.put("full", training.full());
    a.put("w_at", training.full() ? FullShape.of(c).offsets() : lora.saved().offsets());
    a.put("saved", lora.saved().size());
    a.put("tokens", c.vocabSize());
    a.put("first_row", lora.saved().firstRow());
    a.put("rows", lora.saved().rows());
    a.put("hidden_size", c.hiddenSize());
    var stacks = block.encoderDecoder();
    if (stacks != null) {
      a.put("encoder_layers", stacks.encoderLayers());
      a.put("buckets", stacks.buckets());
      a.put("farthest", stacks.farthest());
      a.put("start_token", stacks.startToken());
      a.put("head_scale", c.tiedEmbeddings() ? 1 / Math.sqrt(c.hiddenSize()) : 1.0);
    }
    return a;
  }

  private static List<Integer> each(LoraShape lora, ToIntFunction<Projection> value) {
    return IntStream.range(0, lora.slots())
        .map(slot -> value.applyAsInt(lora.at(slot)))
        .boxed()
        .toList();
  }

  /** One class out of the parts; TorchScript wants it indented and every {@code self} typed. */
  static String text(Map<String, Object> attributes, List<String> parts) {
    var text = new StringBuilder("class Decoder(Module):\n");
    text.append("  __parameters__ = []\n  __buffers__ = []\n");
    attributes.forEach((name, value) -> text.append("  %s : %s\n".formatted(name, type(value))));
    for (var part : parts) {
      var typed = METHOD.matcher(read(part)).replaceAll("def $1(self: " + CLASS);
      typed.lines().forEach(line -> text.append(line.isBlank() ? "" : "  " + line).append('\n'));
    }
    return text.toString();
  }

  private static String type(Object value) {
    return switch (value) {
      case Boolean b -> "bool";
      case Integer i -> "int";
      case Double d -> "float";
      case List<?> l -> "List[int]";
      default -> throw new IllegalArgumentException("no TorchScript type for " + value.getClass());
    };
  }

  private static String read(String part) {
    try (var in = Archive.class.getResourceAsStream(part + ".py")) {
      if (in == null) {
        throw new IllegalStateException("the program's part " + part + ".py is not in the build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the program's part " + part, e);
    }
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    var crc = new CRC32();
    crc.update(content);
    var entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0L);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
