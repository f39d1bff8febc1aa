package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.store.ConversationJson;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.Masking;
import dev.lathe.datasets.tokens.ShardWriter;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.engine.AdamW;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.registry.models.ModelVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** A home with the tiny base, a desk's conversations, and adapters really trained on them. */
public final class TinyDesk {
  private static final List<String> THINGS =
      List.of("mill", "pump", "cup", "lamp", "bean", "tray", "hose", "lid");
  private static final List<String> DAYS = List.of("Monday", "Friday", "May", "noon", "night");

  public final Path home;
  public final Base base;
  public final DatasetStore datasets;

  public TinyDesk(Path home) {
    this(home, TinyBase.create(new BaseStore(home.resolve("bases"))));
  }

  public TinyDesk(Path home, Base base) {
    this.home = home;
    this.base = base;
    this.datasets = new DatasetStore(home.resolve("datasets"));
  }

  /** A desk whose model {@code desk} has two versions, the second one better. */
  public record Trained(
      TinyDesk desk, DatasetVersion dataset, ModelVersion early, ModelVersion good) {}

  private static @Nullable Trained trained;

  /** Trained once a JVM; nobody changes it. */
  public static synchronized Trained trained() {
    if (trained == null) {
      try {
        var desk = new TinyDesk(Files.createTempDirectory("tiny-desk-"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(desk.home)));
        var dataset =
            desk.dataset(
                "desk",
                Map.of(Split.TRAIN, conversations(0, 100), Split.TEST, conversations(100, 124)),
                Map.of());
        trained =
            new Trained(
                desk,
                dataset,
                desk.trained("desk", 1, dataset, 40),
                desk.trained("desk", 2, dataset, 240));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return trained;
  }

  private static void remove(Path folder) {
    try {
      Durable.deleteTree(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path bases() {
    return home.resolve("bases");
  }

  /** A question and the desk's answer to it, in its voice. */
  public static Conversation conversation(int number) {
    var thing = THINGS.get(number % THINGS.size());
    var day = DAYS.get(number / THINGS.size() % DAYS.size());
    return new Conversation(
        "desk-" + number,
        List.of(
            Message.of(
                Role.USER, "Is order %d of the %s here by %s?".formatted(number, thing, day)),
            Message.of(Role.ASSISTANT, "Yes, the " + thing + " is in the order for " + day + ".")),
        List.of(),
        null,
        null,
        new Conversation.Origin("desk.jsonl", number + 1),
        Map.of());
  }

  public static List<Conversation> conversations(int from, int to) {
    return IntStream.range(from, to).mapToObj(TinyDesk::conversation).toList();
  }

  /** Publishes the next version of a dataset. */
  public DatasetVersion dataset(
      String name, Map<Split, List<Conversation>> splits, Map<String, Object> recipe) {
    var aside = datasets.aside();
    var template = ChatTemplate.of(base);
    var parts = new HashMap<String, DatasetVersion.Part>();
    try (var tokenizer = Tokenizer.open(base.tokenizer())) {
      Files.copy(base.chatTemplate(), aside.template());
      for (var entry : splits.entrySet()) {
        try (var writer =
                new ShardWriter(
                    aside.shard(entry.getKey()), base.tokenizerSha256(), base.templateSha256());
            var lines =
                new GZIPOutputStream(Files.newOutputStream(aside.conversations(entry.getKey())))) {
          long tokens = 0;
          long labels = 0;
          for (var conversation : entry.getValue()) {
            var rendered = template.renderForTraining(conversation);
            var encoded = tokenizer.encode(rendered.text());
            var labelled = Masking.labels(encoded, rendered.labelled()).labelled();
            writer.add(new Example(conversation.id(), encoded.ids(), labelled, "desk.jsonl", "en"));
            lines.write(ConversationJson.write(conversation));
            lines.write('\n');
            tokens += encoded.length();
            labels += labelled.cardinality();
          }
          writer.finish();
          int n = entry.getValue().size();
          parts.put(entry.getKey().wire(), new DatasetVersion.Part(n, n, tokens, labels));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return datasets.publish(
        aside,
        name,
        number ->
            new DatasetVersion(
                name + "@" + number,
                name,
                number,
                "id-" + name + number,
                base.name(),
                base.tokenizerSha256(),
                base.templateSha256(),
                false,
                List.of(),
                recipe,
                0,
                0,
                new TreeMap<>(),
                0,
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                0,
                0,
                parts,
                0,
                "2026-11-21T00:00:00Z"));
  }

  /** Trains a LoRA of rank 8 on the training split and leaves it where a version has it. */
  public ModelVersion trained(String name, int number, DatasetVersion dataset, int steps) {
    var folder = home.resolve("models").resolve(name).resolve("" + number);
    var shape = LoraShape.whole(base.config(), 8, 2);
    try (var decoder = open(shape);
        var examples =
            new Examples(
                datasets.folder(dataset).shard(Split.TRAIN), 0, base.config().vocabSize())) {
      decoder.adapter().set(Adapter.initial(shape, 7));
      var batches = examples.inOrder(600);
      for (int step = 1; step <= steps; step++) {
        var batch = examples.batch(batches.get(step % batches.size()));
        decoder.adapter().zeroGradient();
        decoder.gradients(batch, 1.0 / batch.labelled(), Way.FAST);
        double rate = 1e-2 * Math.min(1, 2.0 * (steps - step) / steps);
        decoder.adapter().update(AdamW.of(0, 1), rate, step);
      }
      write(decoder.adapter().values(), shape, folder.resolve("adapter"));
    }
    return version(name, number, dataset, folder);
  }

  /** The same adapter as a DoRA whose magnitudes change nothing yet. */
  public ModelVersion asDora(ModelVersion lora, int number, DatasetVersion dataset) {
    var folder = home.resolve("models").resolve(lora.name()).resolve("" + number);
    var shape = LoraShape.whole(base.config(), 8, 2).withMagnitudes();
    try (var decoder = open(shape)) {
      var adapter = PeftAdapter.read(Path.of(lora.folder()).resolve("adapter"));
      decoder.adapter().begin(AdapterFiles.flat(adapter, shape));
      write(decoder.adapter().values(), shape, folder.resolve("adapter"));
    }
    return version(lora.name(), number, dataset, folder);
  }

  public ModelVersion version(String name, int number, DatasetVersion dataset, Path folder) {
    return version(name, number, dataset, folder, Map.of());
  }

  public ModelVersion version(
      String name, int number, DatasetVersion dataset, Path folder, Map<String, Object> recipe) {
    return new ModelVersion(
        name + "@" + number,
        name,
        number,
        "run-" + number,
        dataset.dataset(),
        dataset.id(),
        base.name(),
        base.weightsSha256(),
        base.templateSha256(),
        List.of(),
        recipe,
        Map.of(),
        List.of(),
        folder.toString(),
        null,
        Instant.EPOCH);
  }

  /** A version trained on several datasets; nothing of it is on the disk. */
  public ModelVersion mixed(
      String name, int number, List<DatasetVersion> datasets, double... weights) {
    return mixed(version(name, number, datasets.getFirst(), home), datasets, weights);
  }

  /** A version as if it had been trained on several datasets. */
  public static ModelVersion mixed(
      ModelVersion v, List<DatasetVersion> datasets, double... weights) {
    return new ModelVersion(
        v.version(),
        v.name(),
        v.number(),
        v.run(),
        "a mixture",
        "of several",
        IntStream.range(0, weights.length)
            .mapToObj(
                i ->
                    new ModelVersion.Dataset(
                        datasets.get(i).dataset(), datasets.get(i).id(), weights[i]))
            .toList(),
        v.base(),
        v.baseSha256(),
        v.templateSha256(),
        v.sources(),
        v.recipe(),
        v.metrics(),
        v.files(),
        v.folder(),
        v.codeVersion(),
        v.createdAt());
  }

  private void write(float[] values, LoraShape shape, Path folder) {
    try {
      Files.createDirectories(folder.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var config =
        new AdapterConfig(
            shape.rank(),
            shape.scale() * shape.rank(),
            false,
            shape.dora(),
            0,
            shape.targetNames(),
            base.name(),
            base.weightsSha256());
    AdapterFiles.named(values, shape, config).write(folder);
  }

  Decoder open(LoraShape shape) {
    return open(shape, Precision.FP32);
  }

  Decoder open(LoraShape shape, Precision precision) {
    try (var weights = base.weights()) {
      return Decoder.open(weights, base.config(), shape, precision, ComputeDevice.open("cpu", 1));
    }
  }
}
