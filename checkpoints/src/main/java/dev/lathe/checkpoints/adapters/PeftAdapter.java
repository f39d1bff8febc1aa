package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.RowValues;
import dev.lathe.checkpoints.bases.StoredValues;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.StreamedTensor;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * @param saved tensors that stand in the place of the base's own, by the base's names for them:
 *     {@code model.embed_tokens.weight}; see {@link SavedModules}
 * @param rows the same of single rows, one a token
 */
public record PeftAdapter(
    AdapterConfig config,
    SequencedMap<String, LoraPair> modules,
    SequencedMap<String, StoredValues> saved,
    SequencedMap<String, RowValues> rows) {
  public static final String CONFIG = PeftConfig.FILE;
  public static final String WEIGHTS = "adapter_model.safetensors";

  static final String PREFIX = "base_model.model.";
  static final String A = ".lora_A.weight";
  static final String B = ".lora_B.weight";
  static final String ROWS = ".token_adapter.trainable_tokens_delta";
  static final String MAGNITUDE = ".lora_magnitude_vector";

  /** Where the base's hash stands in the safetensors metadata, which PEFT passes over. */
  static final String BASE_SHA256 = "lathe.base.sha256";

  /** Nothing is saved whole. */
  public PeftAdapter(AdapterConfig config, SequencedMap<String, LoraPair> modules) {
    this(config, modules, new LinkedHashMap<>());
  }

  /** No single rows are. */
  public PeftAdapter(
      AdapterConfig config,
      SequencedMap<String, LoraPair> modules,
      SequencedMap<String, StoredValues> saved) {
    this(config, modules, saved, new LinkedHashMap<>());
  }

  public PeftAdapter {
    saved = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(saved));
    rows = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rows));
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

  /** Whether something of it stands in the place of the base's own. */
  public boolean replaces() {
    return !saved.isEmpty() || !rows.isEmpty();
  }

  /** Whether a directory holds magnitudes, or modules saved whole. */
  static boolean isMoreThanLora(Path folder) {
    var file = folder.resolve(WEIGHTS);
    return Files.isRegularFile(file) && PeftTensors.areMoreThanLora(file);
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

  /** What PEFT calls the A of an adapted layer (B's name ends otherwise). */
  public static String nameOfA(String module) {
    return PREFIX + module + A;
  }

  public static String nameOfB(String module) {
    return PREFIX + module + B;
  }

  public static String nameOfMagnitude(String module) {
    return PREFIX + module + MAGNITUDE;
  }

  /**
   * @param tensor of the base, which it stands in the place of
   */
  public static String nameOfSaved(String tensor) {
    return PREFIX + tensor;
  }

  /**
   * @param tensor of the base, of which it has rows
   */
  public static String nameOfRows(String tensor) {
    return PREFIX + tensor.substring(0, tensor.length() - ".weight".length()) + ROWS;
  }

  /** The metadata of the safetensors file. */
  public static Map<String, String> metadata(AdapterConfig config) {
    Map<String, String> metadata = new TreeMap<>(Map.of("format", "pt"));
    if (config.baseSha256() != null) {
      metadata.put(BASE_SHA256, config.baseSha256());
    }
    return metadata;
  }

  /** The directory's {@code adapter_config.json}. */
  public static byte[] configBytes(AdapterConfig config, boolean encoderDecoder) {
    return PeftConfig.bytes(config, encoderDecoder);
  }

  /** The directory's files and their bytes; the same adapter gives the same bytes. */
  public SequencedMap<String, MemorySegment> files() {
    var tensors = new LinkedHashMap<String, Tensor>();
    streamed()
        .forEach(
            (name, t) -> {
              var bytes = MemorySegment.ofArray(new byte[Math.toIntExact(t.length())]);
              copy(t, bytes);
              tensors.put(name, new Tensor(t.dtype(), t.shape(), bytes));
            });
    var files = new LinkedHashMap<String, MemorySegment>();
    files.put(CONFIG, MemorySegment.ofArray(configBytes(config, encoderDecoder())));
    files.put(WEIGHTS, MemorySegment.ofArray(SafetensorsWriter.bytes(metadata(config), tensors)));
    return files;
  }

  private static void copy(StreamedTensor tensor, MemorySegment to) {
    try {
      tensor.bytes().writeTo(piece -> to.copyFrom(piece)); // one piece each, see streamed()
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be read", e);
    }
  }

  private SequencedMap<String, StreamedTensor> streamed() {
    var tensors = new LinkedHashMap<String, StreamedTensor>();
    modules.forEach(
        (name, pair) -> {
          tensors.put(nameOfA(name), tensor(pair.a()));
          tensors.put(nameOfB(name), tensor(pair.b()));
          var magnitude = pair.magnitude();
          if (magnitude != null) {
            var values = Tensor.of(magnitude.values(), magnitude.rows());
            tensors.put(nameOfMagnitude(name), values.streamed());
          }
        });
    saved.forEach(
        (name, v) ->
            tensors.put(
                nameOfSaved(name),
                new StreamedTensor(Dtype.of(v.encoding()), v.shape(), Pieces.of(v.bytes()))));
    rows.forEach(
        (name, r) ->
            tensors.put(
                nameOfRows(name), Tensor.of(r.values(), r.ids().size(), r.width()).streamed()));
    return tensors;
  }

  /** Only models of two stacks have one of that name at their root. */
  private boolean encoderDecoder() {
    return modules.keySet().stream()
        .anyMatch(m -> m.startsWith("encoder.") || m.startsWith("decoder."));
  }

  private static StreamedTensor tensor(Matrix m) {
    return Tensor.of(m.values(), m.rows(), m.columns()).streamed();
  }

  /**
   * Writes the directory aside, durably, and renames it into place. An adapter that is there
   * already is replaced.
   *
   * @throws BadInput when the disk is full
   */
  public void write(Path folder) {
    Durable.replaceFolder(
        folder,
        aside -> {
          Durable.write(aside.resolve(CONFIG), configBytes(config, encoderDecoder()));
          SafetensorsWriter.stream(aside.resolve(WEIGHTS), metadata(config), streamed());
        });
  }
}
