package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.StreamedTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A whole model as a Hugging Face directory: config, tokenizer, chat template and {@code
 * model.safetensors}. A few rows are in memory at a time.
 */
public final class FolderExport {
  private static final String CONFIG = "config.json";

  private FolderExport() {}

  /**
   * Writes the files into a folder that is there and empty; durable when the caller forces it.
   *
   * @param base whose config (that its folder has, or with its embeddings untied), tokenizer, chat
   *     template and licence go along
   * @param weights the base's, or others of the same shapes
   * @param wanted F32, F16 or BF16; null keeps what the base has, F32 where it is quantized
   * @throws BadInput for another encoding; when the weights hold NaN, or what the encoding cannot
   *     hold; when the disk is full
   */
  public static void write(Base base, Weights weights, @Nullable Encoding wanted, Path folder) {
    write(base, weights, wanted, Map.of(), folder);
  }

  /**
   * The same.
   *
   * @param marks further metadata of the safetensors file
   */
  public static void write(
      Base base,
      Weights weights,
      @Nullable Encoding wanted,
      Map<String, String> marks,
      Path folder) {
    var metadata = new TreeMap<>(marks);
    metadata.put("format", "pt");
    var dtype = dtype(base, weights, wanted);
    var tensors = new LinkedHashMap<String, StreamedTensor>();
    for (var name : weights.names()) {
      var bytes = PackedRows.of(weights, name, encoding(dtype));
      tensors.put(name, new StreamedTensor(dtype, weights.shape(name), bytes));
    }
    SafetensorsWriter.stream(folder.resolve("model.safetensors"), metadata, tensors);
    try {
      for (var name : BaseLayout.BESIDE) {
        var file = base.folder().resolve(name);
        if (Files.exists(file) && !name.equals(CONFIG)) {
          Files.copy(file, folder.resolve(name));
        }
      }
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, folder);
    }
    Durable.write(folder.resolve(CONFIG), HuggingFaceJson.text(config(base, dtype)));
  }

  private static Dtype dtype(Base base, Weights weights, @Nullable Encoding wanted) {
    var encoding = wanted == null ? widest(weights) : wanted;
    return switch (encoding) {
      case F32 -> Dtype.F32;
      case F16 -> Dtype.F16;
      case BF16 -> Dtype.BF16;
      case Q4_0, Q4_1, Q8_0 -> {
        if (wanted == null) {
          yield Dtype.F32; // holds every level exactly, where BF16 would round
        }
        throw new BadInput(
            "safetensors hold no such quantization",
            encoding + " for " + base.name(),
            "Choose F32, F16 or BF16, or export as gguf.");
      }
    };
  }

  /** What the matrices are; F32 where they are mixed. */
  private static Encoding widest(Weights weights) {
    var kinds =
        weights.names().stream()
            .filter(name -> weights.shape(name).length > 1)
            .map(weights::encoding)
            .distinct()
            .toList();
    return kinds.size() == 1 ? kinds.getFirst() : Encoding.F32;
  }

  private static Encoding encoding(Dtype dtype) {
    return dtype.encoding().orElseThrow();
  }

  /** The base's, with the element type under the key that it has for it. */
  private static Object config(Base base, Dtype dtype) {
    var config = JsonFile.read(base.folder().resolve(CONFIG));
    var name =
        switch (encoding(dtype)) {
          case F32 -> "float32";
          case F16 -> "float16";
          case BF16 -> "bfloat16";
          case Q4_0, Q4_1, Q8_0 -> throw new AssertionError("no type of safetensors");
        };
    if (ModelConfigs.read(base.folder()).tiedEmbeddings() != base.config().tiedEmbeddings()) {
      config.put("tie_word_embeddings", base.config().tiedEmbeddings());
    }
    return config.put(config.has("dtype") ? "dtype" : "torch_dtype", name);
  }
}
