package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.GgufLayout;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.gguf.GgufWriter;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A LoRA as llama.cpp loads it beside its base: F32, tensors named after the base's with {@code
 * .lora_a} (rank, in) and {@code .lora_b} (out, rank), the rows of B in the order of the base's
 * rows.
 */
public final class GgufAdapter {
  /** Metadata that binds the file to a base's weights; llama.cpp passes over it. */
  public static final String BASE_SHA256 = "lathe.base.sha256";

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private GgufAdapter() {}

  /**
   * Writes the file durably, as a whole; the same adapter gives the same bytes.
   *
   * @param config of the base
   * @param baseName readable, for people who look into the file
   * @throws BadInput when the adapter is a DoRA, has modules saved whole, does not fit the base,
   *     holds NaN or infinity, or scales by 0; when llama.cpp cannot load such a base; when the
   *     disk is full
   */
  public static void write(PeftAdapter adapter, ModelConfig config, String baseName, Path file) {
    if (adapter.config().dora()) {
      throw new BadInput(
          "llama.cpp knows no DoRA: its magnitudes do not fit into an adapter for it",
          "use_dora = true",
          "Export the merged model: --format gguf, ollama or safetensors.");
    }
    if (adapter.replaces()) {
      throw new BadInput(
          "llama.cpp knows no adapter with modules that are saved whole, or rows of them",
          Stream.concat(adapter.saved().keySet().stream(), adapter.rows().keySet().stream())
              .collect(Collectors.joining(", ")),
          "Export the merged model: --format gguf, ollama or safetensors.");
    }
    var layout = GgufLayout.of(config);
    requireFits(adapter, layout, baseName);
    adapter.requireFinite();
    var gguf =
        new GgufWriter()
            .text("general.type", "adapter")
            .text("general.architecture", layout.architecture())
            .uint32("general.base_model.count", 1)
            .text("general.base_model.0.name", baseName)
            .text("adapter.type", "lora")
            .float32("adapter.lora.alpha", alpha(adapter.config()));
    if (adapter.config().baseSha256() != null) {
      gguf.text(BASE_SHA256, adapter.config().baseSha256());
    }
    for (var weight : layout.shapes().keySet()) {
      var pair = adapter.modules().get(module(weight));
      if (pair != null) {
        var name = layout.name(weight);
        add(gguf, name + ".lora_a", pair.a());
        add(gguf, name + ".lora_b", rows(pair.b(), weight, layout));
      }
    }
    gguf.write(file);
  }

  /**
   * llama.cpp scales by alpha / rank, whatever the method was. So does plain LoRA; for rsLoRA alpha
   * is chosen so that the scale comes out the same.
   */
  private static float alpha(AdapterConfig config) {
    float alpha = (float) (config.scale() * config.rank());
    if (alpha == 0 || !Float.isFinite(alpha)) {
      // llama.cpp takes 0 for "not given" and would scale by 1.
      throw new BadInput(
          "an adapter with this scale cannot be served",
          "lora_alpha = " + config.alpha(),
          "Train it with another alpha.");
    }
    return alpha;
  }

  private static void requireFits(PeftAdapter adapter, GgufLayout layout, String baseName) {
    var problems = new ArrayList<String>();
    var shapes = layout.shapes();
    adapter
        .modules()
        .forEach(
            (module, pair) -> {
              var weight = module + ".weight";
              long[] shape = shapes.get(weight);
              if (shape == null
                  || shape.length != 2
                  || layout.name(weight).equals(GgufLayout.EMBEDDINGS)) {
                problems.add("the base has no layer " + module + " that llama.cpp adapts");
              } else if (shape[0] != pair.b().rows() || shape[1] != pair.a().columns()) {
                problems.add(
                    "%s maps %d to %d, the adapter %d to %d"
                        .formatted(
                            module, shape[1], shape[0], pair.a().columns(), pair.b().rows()));
              }
            });
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "the adapter cannot be served on " + baseName,
          problems.size() > 6 ? problems.subList(0, 6) : problems,
          "Use it with the base that it was trained on.");
    }
  }

  private static Matrix rows(Matrix b, String weight, GgufLayout layout) {
    if (!layout.reordered(weight)) {
      return b;
    }
    var values = new float[b.values().length];
    int width = b.columns();
    for (int row = 0; row < b.rows(); row++) {
      int from = layout.sourceRow(weight, row);
      System.arraycopy(b.values(), from * width, values, row * width, width);
    }
    return new Matrix(b.rows(), width, values);
  }

  private static void add(GgufWriter gguf, String name, Matrix m) {
    Pieces bytes =
        sink -> {
          var segment = MemorySegment.ofArray(new byte[Math.multiplyExact(m.values().length, 4)]);
          MemorySegment.copy(m.values(), 0, segment, FLOAT, 0, m.values().length);
          sink.accept(segment);
        };
    gguf.tensor(name, Encoding.F32, new long[] {m.rows(), m.columns()}, bytes);
  }

  private static String module(String weight) {
    return weight.substring(0, weight.length() - ".weight".length());
  }
}
