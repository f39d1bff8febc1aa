package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.training.MeasureMain;
import dev.lathe.registry.models.ModelVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The conversations that every version of a model is tested on: what the dataset that its first
 * version was trained on {@link HeldOut held out}. Model versions and dataset versions never
 * change, so it need not be written down anywhere to stay as it is; its hash is told with every
 * result.
 *
 * <p>Of a mixture every dataset lends some, in the proportion in which it was learnt, as far as it
 * has them.
 */
final class FrozenTestSet {
  static final int MOST_CONVERSATIONS = 200;
  static final int MOST_TOKENS = 24_000;

  private final DatasetStore datasets;
  private final List<HeldOut> parts;

  private FrozenTestSet(DatasetStore datasets, List<HeldOut> parts) {
    this.datasets = datasets;
    this.parts = List.copyOf(parts);
  }

  /**
   * @param first the model's first version
   * @throws BadInput when a dataset of it is gone or another one, or none has anything but a
   *     training split
   */
  static FrozenTestSet of(DatasetStore datasets, ModelVersion first) {
    var trainedOn = datasets(datasets, first);
    var weights = weights(first, trainedOn);
    var parts = new ArrayList<HeldOut>();
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += HeldOut.isIn(trainedOn.get(i)) ? weights[i] : 0;
    }
    for (int i = 0; i < weights.length; i++) {
      double share = weights[i] / sum;
      if (HeldOut.isIn(trainedOn.get(i))) {
        parts.add(
            HeldOut.of(
                datasets,
                trainedOn.get(i),
                (int) Math.ceil(MOST_CONVERSATIONS * share),
                (int) Math.ceil(MOST_TOKENS * share)));
      }
    }
    if (parts.isEmpty()) {
      throw new BadInput(
          "the dataset of the model's first version has neither a test nor a validation split",
          first.dataset(),
          "Build datasets with --set test=0.1, and begin a model of another name with it.");
    }
    return new FrozenTestSet(datasets, parts);
  }

  /** Those that were given, or what each dataset holds. */
  private static double[] weights(ModelVersion version, List<DatasetVersion> datasets) {
    var given = version.datasets().stream().map(ModelVersion.Dataset::weight).toList();
    return given.stream().allMatch(Objects::nonNull)
        ? given.stream().mapToDouble(Double::doubleValue).toArray()
        : datasets.stream()
            .mapToDouble(d -> Math.max(1, d.part(Split.TRAIN).labelTokens()))
            .toArray();
  }

  /**
   * The dataset versions that a model version was trained on.
   *
   * @throws BadInput when one is gone, or another one by now
   */
  static List<DatasetVersion> datasets(DatasetStore datasets, ModelVersion trained) {
    return trained.datasets().stream().map(d -> dataset(datasets, trained, d)).toList();
  }

  private static DatasetVersion dataset(
      DatasetStore datasets, ModelVersion trained, ModelVersion.Dataset wanted) {
    var dataset = datasets.require(wanted.dataset());
    if (!dataset.id().equals(wanted.id())) {
      throw new BadInput(
          "the dataset of this name is not the one that " + trained.version() + " was trained on",
          dataset.dataset() + " (" + dataset.id() + ")",
          "Restore the dataset " + wanted.id() + ".");
    }
    return dataset;
  }

  /** Which one, in words, with its hash. */
  String words() {
    return parts.stream().map(HeldOut::words).collect(Collectors.joining(", and "))
        + " ("
        + sha256().substring(0, 12)
        + ")";
  }

  /** Of all tokens, in order. */
  String sha256() {
    return Sha256.of(
        String.join("\n", items().stream().flatMap(i -> i.hashes().stream()).toList()));
  }

  /** The datasets that lend it. */
  List<DatasetVersion> datasets() {
    return parts.stream().map(HeldOut::dataset).toList();
  }

  List<HeldOut.Item> items() {
    return parts.stream().flatMap(p -> p.items().stream()).toList();
  }

  /** What is to be measured: the examples of {@link #items}, in their order. */
  List<MeasureMain.Part> measured() {
    return parts.stream()
        .map(p -> new MeasureMain.Part(p.shard(datasets).toString(), p.examples(), HeldOut.LONGEST))
        .toList();
  }

  /** The cleaned conversations, in the order of {@link #items}. */
  List<Conversation> conversations() {
    return parts.stream().flatMap(p -> p.conversations(datasets).stream()).toList();
  }

  /**
   * How many of the conversations stand in the training split of a dataset: the very same tokens,
   * or, where both datasets are of one log, the same id. Ids of different logs mean nothing to one
   * another: many a log numbers its conversations from 1.
   */
  long overlap(DatasetVersion trainedOn) {
    if (trainedOn.part(Split.TRAIN).examples() == 0) {
      return 0;
    }
    var places = new HashMap<String, Integer>();
    int place = 0;
    for (var part : parts) {
      boolean oneLog = ofOneLog(part.dataset(), trainedOn);
      for (var item : part.items()) {
        if (oneLog) {
          places.put("id " + item.id(), place);
        }
        for (var hash : item.hashes()) {
          places.put("tokens " + hash, place);
        }
        place++;
      }
    }
    var met = new HashSet<Integer>();
    try (var shard = datasets.folder(trainedOn).examples(Split.TRAIN)) {
      for (var example : shard) {
        var id = HeldOut.conversation(trainedOn, example.id());
        for (var key : List.of("id " + id, "tokens " + HeldOut.hash(example))) {
          var found = places.get(key);
          if (found != null) {
            met.add(found);
          }
        }
      }
    }
    return met.size();
  }

  /** Versions of one dataset are; others when a log file of theirs has the same path or content. */
  private static boolean ofOneLog(DatasetVersion a, DatasetVersion b) {
    return a.name().equals(b.name())
        || a.sources().stream()
            .anyMatch(
                x ->
                    b.sources().stream()
                        .anyMatch(y -> x.file().equals(y.file()) || x.sha256().equals(y.sha256())));
  }
}
