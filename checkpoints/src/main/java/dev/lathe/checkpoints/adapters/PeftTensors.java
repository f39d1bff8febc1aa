package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Blocks;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.TensorInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.TreeSet;

/** {@code adapter_model.safetensors}: an A and a B for every adapted layer, and nothing else. */
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
    try (var file = SafetensorsFile.open(path)) {
      return new PeftTensors(file).adapter(folder);
    }
  }

  private PeftAdapter adapter(Path folder) {
    var names = new TreeSet<String>();
    file.tensors().keySet().forEach(tensor -> names.add(module(tensor)));
    if (names.isEmpty()) {
      throw damaged("it holds no tensors", file.path().toString());
    }
    var config = PeftConfig.read(folder, names, file.metadata().get(PeftAdapter.BASE_SHA256));
    var modules = new LinkedHashMap<String, LoraPair>();
    for (var name : names) {
      var a = matrix(PeftAdapter.PREFIX + name + PeftAdapter.A);
      var b = matrix(PeftAdapter.PREFIX + name + PeftAdapter.B);
      if (a.rows() != config.rank() || b.columns() != config.rank()) {
        throw damaged(
            "A is %s and B is %s, but the rank is %d".formatted(a, b, config.rank()), name);
      }
      modules.put(name, new LoraPair(a, b));
    }
    return new PeftAdapter(config, modules);
  }

  private String module(String tensor) {
    for (var end : new String[] {PeftAdapter.A, PeftAdapter.B}) {
      if (tensor.startsWith(PeftAdapter.PREFIX)
          && tensor.endsWith(end)
          && tensor.length() > PeftAdapter.PREFIX.length() + end.length()) {
        return tensor.substring(PeftAdapter.PREFIX.length(), tensor.length() - end.length());
      }
    }
    throw new BadInput(
        "the adapter " + file.path() + " holds something that is no LoRA of a linear layer",
        tensor,
        "Modules saved whole, embeddings, biases and DoRA are not supported.");
  }

  private Matrix matrix(String name) {
    var info = file.tensor(name);
    var encoding =
        info.dtype()
            .encoding()
            .orElseThrow(() -> damaged("its elements are " + info.dtype(), name));
    if (info.shape().length != 2 || !fits(info)) {
      throw damaged("it has the shape " + Arrays.toString(info.shape()), name);
    }
    int rows = (int) info.shape()[0];
    int columns = (int) info.shape()[1];
    var values = new float[rows * columns];
    Blocks.decode(encoding, file.bytes(name), 0, values, values.length);
    for (float v : values) {
      if (!Float.isFinite(v)) {
        throw damaged("it holds " + v, name);
      }
    }
    return new Matrix(rows, columns, values);
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
