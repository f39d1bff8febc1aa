package dev.lathe.serving.providers.llama;

import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.gguf.GgufTensor;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalModel;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether an adapter can be laid on a base, looked at before llama.cpp does: it takes NaN without a
 * word, and a damaged file can end its process. That the shapes are right does not make it the
 * adapter's own base; whoever serves it compares the weights' hashes.
 */
final class AdapterFit {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private AdapterFit() {}

  /**
   * @throws BadInput when a file is damaged, or they do not fit
   */
  static void check(LocalModel model) {
    try (var base = GgufFile.open(model.gguf())) {
      var file = model.adapter();
      if (file == null) {
        return;
      }
      try (var adapter = GgufFile.open(file)) {
        var problems = problems(adapter, base);
        if (!problems.isEmpty()) {
          throw BadInput.all(
              "the adapter " + file + " cannot be laid on " + model.gguf(),
              problems.size() > 6 ? problems.subList(0, 6) : problems,
              "Serve it with the base that it was trained on, and take an intact copy.");
        }
      }
    }
  }

  private static List<String> problems(GgufFile adapter, GgufFile base) {
    var problems = new ArrayList<String>();
    if (!adapter.text("general.type").equals(Optional.of("adapter"))
        || !adapter.text("adapter.type").equals(Optional.of("lora"))) {
      problems.add("it is no LoRA adapter");
    }
    var architecture = base.text("general.architecture").orElse("");
    var own = adapter.text("general.architecture").orElse("");
    if (!own.equals(architecture)) {
      problems.add("it is for the architecture " + own + ", not " + architecture);
    }
    if (!(adapter.metadata().get("adapter.lora.alpha") instanceof Double alpha)
        || !Double.isFinite(alpha)
        || alpha == 0) {
      problems.add("its scale (adapter.lora.alpha) is no number that scales");
    }
    int pairs = 0;
    for (var tensor : adapter.tensors().values()) {
      var name = tensor.name();
      if (name.endsWith(".lora_a")) {
        pairs++;
        pair(adapter, base, name.substring(0, name.length() - 7), problems);
      } else if (!name.endsWith(".lora_b")) {
        problems.add("it holds a tensor that is no part of a LoRA: " + name);
      }
      finite(adapter, tensor, problems);
    }
    if (2 * pairs != adapter.tensors().size() || pairs == 0) {
      problems.add("its tensors do not pair up");
    }
    return problems;
  }

  private static void pair(GgufFile adapter, GgufFile base, String name, List<String> problems) {
    var a = adapter.tensors().get(name + ".lora_a");
    var b = adapter.tensors().get(name + ".lora_b");
    var weight = base.tensors().get(name);
    if (a == null || b == null || weight == null) {
      problems.add((weight == null ? "the base has no " : "it lacks a half of ") + name);
      return;
    }
    boolean fits =
        a.shape().length == 2
            && b.shape().length == 2
            && weight.shape().length == 2
            && a.shape()[0] == b.shape()[1]
            && a.shape()[1] == weight.shape()[1]
            && b.shape()[0] == weight.shape()[0];
    if (!fits) {
      problems.add("the shapes of " + name + " are not those of the base");
    }
  }

  private static void finite(GgufFile adapter, GgufTensor tensor, List<String> problems) {
    var bytes = adapter.bytes(tensor.name());
    boolean finite =
        switch (tensor.encoding()) {
          case F32 -> {
            long count = bytes.byteSize() / 4;
            long i = 0;
            while (i < count && Float.isFinite(bytes.get(FLOAT, 4 * i))) {
              i++;
            }
            yield i == count;
          }
          case F16 -> {
            long count = bytes.byteSize() / 2;
            long i = 0;
            while (i < count && Float.isFinite(Float.float16ToFloat(bytes.get(SHORT, 2 * i)))) {
              i++;
            }
            yield i == count;
          }
          case BF16, Q4_0, Q4_1, Q8_0 -> {
            problems.add(tensor.name() + " is " + tensor.encoding() + "; adapters are F32 or F16");
            yield true;
          }
        };
    if (!finite) {
      problems.add(tensor.name() + " holds numbers that are none (NaN or infinity)");
    }
  }
}
