package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * A LoRA or DoRA adapter in float32, as a PEFT directory holds it.
 *
 * @param modules by the path of the adapted layer in the base: {@code
 *     model.layers.0.self_attn.q_proj}
 */
public record PeftAdapter(AdapterConfig config, SequencedMap<String, LoraPair> modules) {
  public static final String CONFIG = PeftConfig.FILE;
  public static final String WEIGHTS = "adapter_model.safetensors";

  static final String PREFIX = "base_model.model.";
  static final String A = ".lora_A.weight";
  static final String B = ".lora_B.weight";
  static final String MAGNITUDE = ".lora_magnitude_vector";

  /** Where the base's hash stands in the safetensors metadata, which PEFT passes over. */
  static final String BASE_SHA256 = "lathe.base.sha256";

  public PeftAdapter {
    modules = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(modules));
    modules.forEach(
        (name, pair) -> {
          if (pair.rank() != config.rank()) {
            throw new IllegalArgumentException(
                name + " has rank " + pair.rank() + ", the adapter " + config.rank());
          }
          if (config.dora() != (pair.magnitude() != null)) {
            throw new IllegalArgumentException(
                name + " has magnitudes, or none, unlike the adapter");
          }
        });
    if (!PeftConfig.belongTogether(config.targets(), modules.keySet())) {
      throw new IllegalArgumentException(
          "the targets are " + config.targets() + ", the modules " + modules.keySet());
    }
  }

  /**
   * Reads a directory that PEFT or {@link #write} made; half precision is widened to float32.
   *
   * @throws BadInput when it is none, is damaged, or is a variant of LoRA that is not supported
   */
  public static PeftAdapter read(Path folder) {
    return PeftTensors.read(folder);
  }

  /**
   * Holds the adapter against a base's weights.
   *
   * @param turned whether the base stores linear layers as (in, out), as GPT-2 does
   * @throws BadInput when it adapts layers that the base does not have, or of other shapes
   */
  public void requireFits(Weights base, boolean turned) {
    var problems = new ArrayList<String>();
    modules.forEach(
        (name, pair) -> {
          if (!base.names().contains(name + ".weight")) {
            problems.add("the base has no " + name);
            return;
          }
          long[] shape = base.shape(name + ".weight");
          long in = shape[turned ? 0 : shape.length - 1];
          long out = shape[turned ? shape.length - 1 : 0];
          if (shape.length != 2 || out != pair.b().rows() || in != pair.a().columns()) {
            problems.add(
                "%s maps %d to %d, the adapter %d to %d"
                    .formatted(name, in, out, pair.a().columns(), pair.b().rows()));
          }
        });
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "the adapter was made for another base"
              + (config.baseName() == null ? "" : " (" + config.baseName() + ")"),
          problems.size() > 6 ? problems.subList(0, 6) : problems,
          "Use it with the base that it was trained on.");
    }
  }

  /**
   * @throws BadInput when a value is NaN or infinite: engines would serve it without a word
   */
  public void requireFinite() {
    modules.forEach(
        (name, pair) -> {
          for (var matrix : pair.matrices()) {
            for (float v : matrix.values()) {
              if (!Float.isFinite(v)) {
                throw new BadInput(
                    "the adapter holds " + v, name, "Take an intact copy, or train it again.");
              }
            }
          }
        });
  }

  /** The directory's files and their bytes; the same adapter gives the same bytes. */
  public SequencedMap<String, MemorySegment> files() {
    var tensors = new LinkedHashMap<String, Tensor>();
    modules.forEach(
        (name, pair) -> {
          tensors.put(PREFIX + name + A, tensor(pair.a()));
          tensors.put(PREFIX + name + B, tensor(pair.b()));
          var magnitude = pair.magnitude();
          if (magnitude != null) {
            tensors.put(PREFIX + name + MAGNITUDE, Tensor.of(magnitude.values(), magnitude.rows()));
          }
        });
    Map<String, String> metadata = new TreeMap<>(Map.of("format", "pt"));
    if (config.baseSha256() != null) {
      metadata.put(BASE_SHA256, config.baseSha256());
    }
    var files = new LinkedHashMap<String, MemorySegment>();
    files.put(CONFIG, MemorySegment.ofArray(PeftConfig.bytes(config, encoderDecoder())));
    files.put(WEIGHTS, MemorySegment.ofArray(SafetensorsWriter.bytes(metadata, tensors)));
    return files;
  }

  /** Only models of two stacks have one of that name at their root. */
  private boolean encoderDecoder() {
    return modules.keySet().stream()
        .anyMatch(m -> m.startsWith("encoder.") || m.startsWith("decoder."));
  }

  private static Tensor tensor(Matrix m) {
    return Tensor.of(m.values(), m.rows(), m.columns());
  }

  /**
   * Writes the directory aside, durably, and renames it into place. An adapter that is there
   * already is replaced.
   *
   * @throws BadInput when the disk is full
   */
  public void write(Path folder) {
    var aside = folder.resolveSibling("." + folder.getFileName() + ".aside");
    var old = folder.resolveSibling("." + folder.getFileName() + ".old");
    try {
      Durable.deleteTree(aside);
      Files.createDirectories(aside);
      for (var file : files().entrySet()) {
        Files.write(aside.resolve(file.getKey()), bytes(file.getValue()));
      }
      Durable.forceTree(aside);
      if (Files.exists(folder)) {
        Durable.deleteTree(old);
        Durable.moveInto(folder, old);
      }
      Durable.moveInto(aside, folder);
      Durable.deleteTree(old);
    } catch (IOException e) {
      try {
        Durable.deleteTree(aside);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw DiskFull.orUnchecked(e, folder);
    }
  }

  private static byte[] bytes(MemorySegment onHeap) {
    return (byte[]) onHeap.heapBase().orElseThrow();
  }
}
