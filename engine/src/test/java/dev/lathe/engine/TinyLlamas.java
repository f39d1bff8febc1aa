package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.ModelConfigs;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The committed reference models (benchmarks/reference/README.md), and what stands beside them. */
record TinyLlamas(Path folder) {
  static final ComputeDevice CPU = ComputeDevice.open("cpu", 2);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  static TinyLlamas named(String name) {
    return new TinyLlamas(Path.of("src/test/resources/reference", name));
  }

  /** Those of which tiny_full.py told what gradients all weights have. */
  static List<String> toldOfWhole() {
    return List.of(
        "tiny-llama",
        "families/llama-llama3",
        "families/qwen2",
        "families/gemma2",
        "families/gemma3",
        "families/phi",
        "families/phi3",
        "families/gpt2");
  }

  ModelConfig config() {
    return ModelConfigs.read(folder.resolve("base"));
  }

  LoraShape lora() {
    return LoraShape.whole(config(), 4, 2.0);
  }

  LoraShape lora(List<Projection> targets) {
    return new LoraShape(config(), 4, 2.0, targets);
  }

  Decoder open(Precision precision, LoraShape lora) {
    return open(precision, lora, Training.PLAIN);
  }

  Base base() {
    return new Base("tiny", folder.resolve("base"), config(), "", "test");
  }

  Decoder open(Precision precision, LoraShape lora, Training training) {
    var config = config();
    var base = base();
    try (var weights = base.weights()) {
      return Decoder.open(weights, config, lora, training, precision, CPU);
    }
  }

  List<MicroBatch.Sequence> examples() {
    return sequences(json("examples.json"));
  }

  static List<MicroBatch.Sequence> sequences(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .map(e -> new MicroBatch.Sequence(ints(e.get("input_ids")), ints(e.get("labels"))))
        .toList();
  }

  JsonNode json(String file) {
    return JSON.readTree(folder.resolve(file).toFile());
  }

  /** The committed adapter, laid into the flat vector. */
  float[] adapter(LoraShape lora) {
    return narrowed(flat(lora, "adapter/adapter_model.safetensors"));
  }

  /** An adapter in which no matrix is zero; always the same. */
  static float[] noise(LoraShape lora) {
    var random = new SplittableRandom(1);
    var values = new float[lora.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-0.2, 0.2);
    }
    return values;
  }

  /** An adapter or gradient file's tensors laid into the flat vector of {@link LoraShape}. */
  double[] flat(LoraShape lora, String file) {
    var flat = new double[lora.size()];
    var tensors = tensors(file);
    for (var m : lora.modules()) {
      copy(named(tensors, "base_model.model." + m.path() + ".lora_A.weight"), flat, m.aAt());
      copy(named(tensors, "base_model.model." + m.path() + ".lora_B.weight"), flat, m.bAt());
      if (lora.dora()) {
        var magnitudes = "base_model.model." + m.path() + ".lora_magnitude_vector";
        copy(named(tensors, magnitudes), flat, m.mAt());
      }
    }
    return flat;
  }

  /** All tensors of a safetensors file as doubles, row-major. */
  Map<String, double[]> tensors(String file) {
    var result = new LinkedHashMap<String, double[]>();
    try (var in = SafetensorsFile.open(folder.resolve(file))) {
      in.tensors()
          .forEach(
              (name, info) -> {
                var bytes = in.bytes(name);
                result.put(
                    name,
                    switch (info.dtype()) {
                      case F64 -> doubles(bytes.toArray(DOUBLE));
                      case F32 -> widened(bytes.toArray(FLOAT));
                      default -> throw new IllegalStateException(name + " is " + info.dtype());
                    });
              });
    }
    return result;
  }

  static double[] named(Map<String, double[]> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  static float[] narrowed(double[] values) {
    var floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** The norm of the difference over the norm of the expected. */
  static double relative(double[] found, double[] expected) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += (found[i] - expected[i]) * (found[i] - expected[i]);
      norm += expected[i] * expected[i];
    }
    return Math.sqrt(difference / norm);
  }

  /** The same of a batch's logits at its labelled positions. */
  static double relative(Decoder model, MicroBatch batch, double[] expected) {
    var found = model.logits(batch.ids(), batch.lengths(), batch.at());
    return relative(Arrays.stream(found).flatMapToDouble(Arrays::stream).toArray(), expected);
  }

  /** A tensor within two flat vectors is the same to nine digits. */
  static void close(double[] found, double[] expected, int at, int length, String tensor) {
    assertThat(
            relative(
                Arrays.copyOfRange(found, at, at + length),
                Arrays.copyOfRange(expected, at, at + length)))
        .as(tensor)
        .isLessThan(1e-9);
  }

  /** A tensor is the one that tiny_full.py told of: its norm, four products, first values. */
  static void told(double[] found, JsonNode expected, String name) {
    double norm = expected.get("norm").asDouble();
    double[] along = doubles(expected.get("along"));
    double[] first = doubles(expected.get("first"));
    assertThat(Math.sqrt(Arrays.stream(found).map(g -> g * g).sum()))
        .as(name)
        .isCloseTo(norm, within(1e-9 * norm));
    for (int k = 0; k < along.length; k++) {
      double sum = 0;
      for (int i = 0; i < found.length; i++) {
        sum += found[i] * Math.cos((i + 1.0) * (k + 1));
      }
      assertThat(sum).as(name).isCloseTo(along[k], within(1e-9 * norm));
    }
    for (int i = 0; i < first.length; i++) {
      assertThat(found[i]).as(name).isCloseTo(first[i], within(1e-9 * norm));
    }
  }

  private static double[] doubles(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  /** Logits of base and adapter, loss and every gradient are the committed ones, both ways. */
  void requireAgreement() {
    var lora = lora();
    var expected = tensors("logits.safetensors");
    var gradients = flat(lora, "gradients.safetensors");
    var batch = MicroBatch.of(examples());
    try (var model = open(Precision.FP64, lora)) {
      assertThat(relative(model, batch, named(expected, "base"))).isLessThan(1e-11);
      model.adapter().set(adapter(lora));
      assertThat(relative(model, batch, named(expected, "adapted"))).isLessThan(1e-11);
      for (var way : Way.values()) {
        model.adapter().zeroGradient();
        double loss = model.gradients(batch, 1.0 / batch.labelled(), way) / batch.labelled();
        assertThat(loss).isCloseTo(json("numbers.json").get("loss").asDouble(), within(1e-10));
        var found = model.adapter().gradientValues();
        for (var m : lora.modules()) {
          close(found, gradients, m.aAt(), 4 * m.in(), way + " " + m.path() + " A");
          close(found, gradients, m.bAt(), 4 * m.out(), way + " " + m.path() + " B");
        }
      }
    }
  }

  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static double[] doubles(double[] values) {
    return values;
  }

  private static double[] widened(float[] values) {
    var wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  private static void copy(double[] from, double[] to, int at) {
    System.arraycopy(from, 0, to, at, from.length);
  }
}
