package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.RowValues;
import dev.lathe.checkpoints.bases.StoredValues;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Blocks;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.TensorInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * {@code adapter_model.safetensors}: an A and a B for every adapted layer, in a DoRA its
 * magnitudes, and what is saved whole, which may be large and stays where it lies.
 */
final class PeftTensors {
  private final SafetensorsFile file;

  private PeftTensors(SafetensorsFile file) {
    this.file = file;
  }

  static PeftAdapter read(Path folder) {
    var path = folder.resolve(PeftAdapter.WEIGHTS);
    if (!Files.exists(path)) {
      boolean pickled = Files.exists(folder.resolve("adapter_model.bin"));
      throw new BadInput(
          pickled
              ? "the adapter is pickled, which is not read"
              : "the directory holds no PEFT adapter",
          folder.toString(),
          pickled
              ? "Save it with PEFT as safetensors."
              : "It needs " + PeftAdapter.CONFIG + " and " + PeftAdapter.WEIGHTS + ".");
    }
    PeftAdapter small;
    try (var file = SafetensorsFile.open(path)) {
      small = new PeftTensors(file).adapter(folder);
    }
    return small.config().modulesToSave().isEmpty() ? small : withSaved(small, path);
  }

  /** Whole tensors are views of the file, which is mapped as long as they are in use. */
  private static PeftAdapter withSaved(PeftAdapter adapter, Path path) {
    var file = SafetensorsFile.lasting(path);
    var tensors = new PeftTensors(file);
    var saved = new LinkedHashMap<String, StoredValues>();
    for (var tensor : file.tensors().keySet()) {
      if (isSaved(tensor)) {
        var info = file.tensor(tensor);
        saved.put(
            tensor.substring(PeftAdapter.PREFIX.length()),
            new StoredValues(tensors.encoding(info, tensor), info.shape(), file.bytes(tensor)));
      }
    }
    return new PeftAdapter(adapter.config(), adapter.modules(), saved, adapter.rows());
  }

  private PeftAdapter adapter(Path folder) {
    var names = new TreeSet<String>();
    var saved = new TreeSet<String>();
    var rows = new TreeSet<String>();
    for (var tensor : file.tensors().keySet()) {
      if (isSaved(tensor)) {
        saved.add(tensor.substring(PeftAdapter.PREFIX.length(), tensor.lastIndexOf('.')));
      } else if (tensor.startsWith(PeftAdapter.PREFIX) && tensor.endsWith(PeftAdapter.ROWS)) {
        int end = tensor.length() - PeftAdapter.ROWS.length();
        rows.add(tensor.substring(PeftAdapter.PREFIX.length(), end));
      } else {
        names.add(module(tensor));
      }
    }
    if (names.isEmpty()) {
      throw damaged("it holds no LoRA", file.path().toString());
    }
    var config =
        PeftConfig.read(folder, names, saved, rows, file.metadata().get(PeftAdapter.BASE_SHA256));
    requireMagnitudes(names, config.dora());
    var modules = new LinkedHashMap<String, LoraPair>();
    for (var name : names) {
      var a = matrix(PeftAdapter.PREFIX + name + PeftAdapter.A);
      var b = matrix(PeftAdapter.PREFIX + name + PeftAdapter.B);
      if (a.rows() != config.rank() || b.columns() != config.rank()) {
        throw damaged(
            "A is %s and B is %s, but the rank is %d".formatted(a, b, config.rank()), name);
      }
      modules.put(name, new LoraPair(a, b, config.dora() ? magnitude(name, b.rows()) : null));
    }
    var tokens = new TreeMap<>(config.trainableTokens());
    tokens.replaceAll((module, ids) -> ids.stream().sorted().toList());
    return new PeftAdapter(
        config.training(tokens), modules, new LinkedHashMap<>(), rows(config, rows));
  }

  /** Magnitudes are there where the config speaks of a DoRA, and only there. */
  private void requireMagnitudes(Set<String> modules, boolean dora) {
    for (var name : modules) {
      if (file.tensors().containsKey(PeftAdapter.PREFIX + name + PeftAdapter.MAGNITUDE) != dora) {
        throw damaged(
            dora
                ? "use_dora is true, and magnitudes are missing"
                : "it has magnitudes, and use_dora is false",
            name);
      }
    }
  }

  /** (out, 1) of a vector. */
  private Matrix magnitude(String module, int out) {
    var name = PeftAdapter.PREFIX + module + PeftAdapter.MAGNITUDE;
    var shape = file.tensor(name).shape();
    if (shape.length != 1 || shape[0] != out) {
      throw damaged("it has the shape " + Arrays.toString(shape) + ", not [" + out + "]", name);
    }
    return new Matrix(out, 1, values(name));
  }

  /** In the order of their tokens. */
  private LinkedHashMap<String, RowValues> rows(AdapterConfig config, Set<String> paths) {
    var rows = new LinkedHashMap<String, RowValues>();
    for (var path : paths) {
      var ids = config.trainableTokens().getOrDefault(leaf(path), List.of());
      var matrix = matrix(PeftAdapter.PREFIX + path + PeftAdapter.ROWS);
      if (matrix.rows() != ids.size() || Set.copyOf(ids).size() < ids.size()) {
        throw damaged("it has " + matrix + " rows for the tokens " + ids, path);
      }
      int width = matrix.columns();
      var sorted = new TreeMap<Integer, float[]>();
      for (int i = 0; i < ids.size(); i++) {
        sorted.put(ids.get(i), Arrays.copyOfRange(matrix.values(), i * width, (i + 1) * width));
      }
      var values = new float[ids.size() * width];
      int at = 0;
      for (var row : sorted.values()) {
        System.arraycopy(row, 0, values, at, width);
        at += width;
      }
      rows.put(path + ".weight", new RowValues(List.copyOf(sorted.keySet()), values));
    }
    return rows;
  }

  private static String leaf(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** Looks at the header only. */
  static boolean areMoreThanLora(Path path) {
    try (var file = SafetensorsFile.open(path)) {
      return file.tensors().keySet().stream()
          .anyMatch(
              t -> isSaved(t) || t.endsWith(PeftAdapter.MAGNITUDE) || t.endsWith(PeftAdapter.ROWS));
    }
  }

  /** A module's own weight or bias. */
  private static boolean isSaved(String tensor) {
    return tensor.startsWith(PeftAdapter.PREFIX)
        && (tensor.endsWith(".weight") || tensor.endsWith(".bias"))
        && !tensor.contains(".lora_");
  }

  private String module(String tensor) {
    for (var end : new String[] {PeftAdapter.A, PeftAdapter.B, PeftAdapter.MAGNITUDE}) {
      if (tensor.startsWith(PeftAdapter.PREFIX)
          && tensor.endsWith(end)
          && tensor.length() > PeftAdapter.PREFIX.length() + end.length()) {
        return tensor.substring(PeftAdapter.PREFIX.length(), tensor.length() - end.length());
      }
    }
    throw new BadInput(
        "the adapter " + file.path() + " holds something that is no LoRA of a linear layer",
        tensor,
        "LoRA of embeddings and of convolutions is not supported.");
  }

  private Matrix matrix(String name) {
    var info = file.tensor(name);
    if (info.shape().length != 2 || !fits(info)) {
      throw damaged("it has the shape " + Arrays.toString(info.shape()), name);
    }
    return new Matrix((int) info.shape()[0], (int) info.shape()[1], values(name));
  }

  private float[] values(String name) {
    var info = file.tensor(name);
    var encoding = encoding(info, name);
    var values = new float[(int) Arrays.stream(info.shape()).reduce(1, (a, b) -> a * b)];
    Blocks.decode(encoding, file.bytes(name), 0, values, values.length);
    for (float v : values) {
      if (!Float.isFinite(v)) {
        throw damaged("it holds " + v, name);
      }
    }
    return values;
  }

  private Encoding encoding(TensorInfo info, String name) {
    return info.dtype()
        .encoding()
        .orElseThrow(() -> damaged("its elements are " + info.dtype(), name));
  }

  private static boolean fits(TensorInfo info) {
    long[] s = info.shape();
    return s[0] > 0 && s[1] > 0 && info.length() / info.dtype().bytes() <= Integer.MAX_VALUE / 4;
  }

  private BadInput damaged(String what, String where) {
    return new BadInput(
        "the adapter " + file.path() + " is damaged: " + what, where, "Save it again.");
  }
}
