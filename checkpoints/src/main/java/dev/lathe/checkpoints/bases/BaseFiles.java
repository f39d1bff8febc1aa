package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsShards;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;

/** Opens the weight files of a base's folder and holds them against its config. */
final class BaseFiles {
  private static final String ROPE_FACTORS = "rope_freqs.weight";

  private BaseFiles() {}

  /**
   * The weights, every tensor of the model there and of the right shape; safe for several threads
   * to read.
   *
   * @throws BadInput when files are missing or damaged, or do not hold this model
   */
  static Weights open(Path folder, ModelConfig config) {
    var gguf = ggufs(folder);
    return SafetensorsShards.present(folder)
        ? safetensors(folder, config)
        : gguf(gguf.getFirst(), config);
  }

  /**
   * The files that hold the weights, in the order of their names; what identifies a base is hashed
   * over them.
   *
   * @throws BadInput when there are none, or it is not clear which are meant
   */
  static List<Path> weightFiles(Path folder) {
    return SafetensorsShards.present(folder) ? SafetensorsShards.files(folder) : ggufs(folder);
  }

  private static List<Path> ggufs(Path folder) {
    var ggufs = new ArrayList<Path>();
    boolean safetensors = SafetensorsShards.present(folder);
    boolean pickled = false;
    try (var files = Files.newDirectoryStream(folder)) {
      for (var f : files) {
        var name = f.getFileName().toString();
        if (name.endsWith(".gguf") && !(safetensors && name.equals(ServedBase.FILE))) {
          ggufs.add(f);
        }
        pickled |= name.endsWith(".bin") || name.endsWith(".pt") || name.endsWith(".pth");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
    if (safetensors && !ggufs.isEmpty() || ggufs.size() > 1) {
      throw new BadInput(
          "the folder holds several weights, and it is not clear which are meant",
          folder.toString(),
          "Leave one of them there.");
    }
    if (!safetensors && ggufs.isEmpty()) {
      throw new BadInput(
          pickled
              ? "the folder holds only pickled weights, which are not read"
              : "the folder holds no weights",
          folder.toString(),
          "Give it model.safetensors (or shards and their index) or one .gguf file.");
    }
    return ggufs;
  }

  private static Weights safetensors(Path folder, ModelConfig config) {
    var shards = SafetensorsShards.open(folder);
    try {
      var found = new LinkedHashMap<String, StoredTensor>();
      shards
          .tensors()
          .forEach(
              (name, t) ->
                  found.put(
                      config.block().names().whole(name),
                      new StoredTensor(
                          encoding(folder, name, t.dtype()), t.shape(), shards.bytes(name), 0)));
      if (config.isEncoderDecoder()) {
        T5Names.settle(found);
      }
      return new MappedWeights(folder, checked(folder, config, found), shards);
    } catch (RuntimeException e) {
      shards.close();
      throw e;
    }
  }

  private static Encoding encoding(Path folder, String name, Dtype dtype) {
    return dtype
        .encoding()
        .orElseThrow(
            () ->
                new BadInput(
                    "the weights in " + folder + " have an element type that is not read",
                    name + " is " + dtype,
                    "Take the model in F32, F16 or BF16 (not quantized)."));
  }

  private static Weights gguf(Path file, ModelConfig config) {
    var gguf = GgufFile.open(file);
    try {
      var architecture = gguf.text("general.architecture").orElse("none");
      if (!architecture.equals("llama") || !architecture.equals(config.architecture())) {
        throw new BadInput(
            "the GGUF file " + file + " and config.json name different architectures",
            architecture + " and " + config.architecture(),
            "Only llama can be read from GGUF.");
      }
      var found = new LinkedHashMap<String, StoredTensor>();
      for (var t : gguf.tensors().values()) {
        if (t.name().equals(ROPE_FACTORS)) {
          throw new BadInput(
              "scaled rotary embeddings are not supported",
              file + " holds " + ROPE_FACTORS,
              "Take a model with plain ones.");
        }
        var name = LlamaTensors.fromGguf(t.name()).orElse(t.name());
        found.put(
            name,
            new StoredTensor(
                t.encoding(),
                t.shape(),
                gguf.bytes(t.name()),
                LlamaTensors.rowsPaired(name) ? config.headDim() : 0));
      }
      return new MappedWeights(file, checked(file, config, found), gguf);
    } catch (RuntimeException e) {
      gguf.close();
      throw e;
    }
  }

  /** The model's tensors out of those found, in the model's order. */
  private static SequencedMap<String, StoredTensor> checked(
      Path where, ModelConfig config, Map<String, StoredTensor> found) {
    var result = new LinkedHashMap<String, StoredTensor>();
    var problems = new ArrayList<String>();
    var expected = config.tensors();
    expected.forEach(
        (name, shape) -> {
          var tensor = found.get(name);
          if (tensor == null) {
            problems.add(name + " is missing");
          } else if (!Arrays.equals(tensor.shape(), shape)) {
            problems.add(
                "%s has the shape %s, the config wants %s"
                    .formatted(name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
          } else {
            result.put(name, tensor);
          }
        });
    var unknown = new TreeSet<>(found.keySet());
    unknown.removeAll(expected.keySet());
    unknown.removeIf(name -> harmless(name, config));
    unknown.forEach(name -> problems.add(name + " is there, and the config has no place for it"));
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "the weights in " + where + " are not those of config.json",
          shortened(problems),
          "The file holds %d tensors: %s. Take config and weights of one model."
              .formatted(found.size(), excerpt(found)));
    }
    return result;
  }

  /** Old files carry computed buffers, and some a copy of tied embeddings. */
  private static boolean harmless(String name, ModelConfig config) {
    return name.endsWith(".rotary_emb.inv_freq")
        || name.endsWith(".attn.bias") // GPT-2's causal mask
        || name.endsWith(".attn.masked_bias")
        || config.tiedEmbeddings() && name.equals(TensorNames.head("weight"));
  }

  private static List<String> shortened(List<String> problems) {
    if (problems.size() <= 8) {
      return problems;
    }
    var some = new ArrayList<>(problems.subList(0, 7));
    some.add("and " + (problems.size() - 7) + " more");
    return some;
  }

  private static String excerpt(Map<String, StoredTensor> found) {
    var names = found.keySet().stream().limit(6).toList();
    return String.join(", ", names) + (found.size() > names.size() ? ", …" : "");
  }
}
