package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.registry.models.ModelVersion;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The conversations that every version of a model is tested on: the test split of the dataset that
 * its first version was trained on, or the validation split of a dataset without one. Model
 * versions and dataset versions never change, so it need not be written down anywhere to stay as it
 * is; its hash is told with every result. Of a preference dataset the liked answers are taken, each
 * in its context.
 *
 * <p>Of a large split those conversations are taken whose ids have the lowest hashes, which depends
 * on nothing else.
 */
final class FrozenTestSet {
  static final int MOST_CONVERSATIONS = 200;
  static final int MOST_TOKENS = 24_000;

  /** Tokens used of one example. */
  static final int LONGEST = 2048;

  private final DatasetStore datasets;
  private final DatasetVersion dataset;
  private final Split split;
  private final int of;
  private final List<Item> items;

  private FrozenTestSet(
      DatasetStore datasets, DatasetVersion dataset, Split split, int of, List<Item> items) {
    this.datasets = datasets;
    this.dataset = dataset;
    this.split = split;
    this.of = of;
    this.items = List.copyOf(items);
  }

  /**
   * One conversation: where its examples (several, if it was cut into windows) lie in the shard.
   *
   * @param hashes of their tokens
   * @param labels how many of its tokens are label tokens
   */
  record Item(String id, List<Integer> examples, List<String> hashes, int tokens, int labels) {
    Item plus(Item other) {
      return new Item(
          id,
          joined(examples, other.examples),
          joined(hashes, other.hashes),
          tokens + other.tokens,
          labels + other.labels);
    }

    private static <T> List<T> joined(List<T> a, List<T> b) {
      var all = new ArrayList<>(a);
      all.addAll(b);
      return all;
    }
  }

  /**
   * @param first the model's first version
   * @throws BadInput when its dataset is gone, is another one, or has nothing but a training split
   */
  static FrozenTestSet of(DatasetStore datasets, ModelVersion first) {
    var dataset = dataset(datasets, first);
    var split = dataset.part(Split.TEST).examples() > 0 ? Split.TEST : Split.VALIDATION;
    if (dataset.part(split).examples() == 0) {
      throw new BadInput(
          "the dataset of the model's first version has neither a test nor a validation split",
          dataset.dataset(),
          "Build datasets with --set test=0.1, and begin a model of another name with it.");
    }
    var all = items(datasets, dataset, split);
    var items = new ArrayList<Item>();
    int tokens = 0;
    for (var item : new TreeMap<>(all).values()) {
      tokens += item.tokens();
      if (!items.isEmpty() && (tokens > MOST_TOKENS || items.size() == MOST_CONVERSATIONS)) {
        break;
      }
      items.add(item);
    }
    return new FrozenTestSet(datasets, dataset, split, all.size(), items);
  }

  /** The dataset version that a model version was trained on. */
  static DatasetVersion dataset(DatasetStore datasets, ModelVersion trained) {
    var dataset = datasets.require(trained.dataset());
    if (!dataset.id().equals(trained.datasetId())) {
      throw new BadInput(
          "the dataset of this name is not the one that " + trained.version() + " was trained on",
          dataset.dataset() + " (" + dataset.id() + ")",
          "Restore the dataset " + trained.datasetId() + ".");
    }
    return dataset;
  }

  /** Conversations by the hash of their ids. */
  private static Map<String, Item> items(
      DatasetStore datasets, DatasetVersion dataset, Split split) {
    var items = new LinkedHashMap<String, Item>();
    try (var shard = datasets.folder(dataset).examples(split)) {
      var preferences = shard.preferences().orElse(null);
      for (int i = 0; i < shard.size(); i++) {
        if (preferences != null && !preferences.liked().get(i)) {
          continue; // nobody is to answer so
        }
        var example = shard.example(i);
        int used = Math.min(example.length(), LONGEST);
        var item =
            new Item(
                conversation(dataset, example.id()),
                List.of(i),
                List.of(hash(example)),
                used,
                example.labelled().get(Math.min(1, used), used).cardinality());
        if (item.labels() > 0) {
          items.merge(Sha256.of(item.id()), item, Item::plus);
        }
      }
    }
    return items;
  }

  /** Which one, in words, with its hash. */
  String words() {
    var name =
        split == Split.TEST
            ? "the test split of " + dataset.dataset()
            : "the validation split of " + dataset.dataset() + ", which has no test split";
    var part = items.size() < of ? ", %d of its %d conversations".formatted(items.size(), of) : "";
    return name + part + " (" + sha256().substring(0, 12) + ")";
  }

  /** Of all tokens, in order. */
  String sha256() {
    return Sha256.of(String.join("\n", items.stream().flatMap(i -> i.hashes().stream()).toList()));
  }

  DatasetVersion dataset() {
    return dataset;
  }

  Path shard() {
    return datasets.folder(dataset).shard(split);
  }

  List<Item> items() {
    return items;
  }

  /** The examples' places in the shard, conversation by conversation. */
  List<Integer> examples() {
    return items.stream().flatMap(i -> i.examples().stream()).toList();
  }

  /** The cleaned conversations, in the order of {@link #items}. */
  List<Conversation> conversations() {
    var places = new HashMap<String, Integer>();
    IntStream.range(0, items.size()).forEach(i -> places.put(items.get(i).id(), i));
    var found = new TreeMap<Integer, Conversation>();
    datasets
        .folder(dataset)
        .forEach(
            split,
            c -> {
              var place = places.get(c.id());
              if (place != null) {
                found.put(place, c);
              }
            });
    return List.copyOf(found.values());
  }

  /**
   * How many of the conversations stand in the training split of what a version was trained on: by
   * their id, or by the very same tokens under another.
   */
  long overlap(ModelVersion trained) {
    var other = dataset(datasets, trained);
    if (other.part(Split.TRAIN).examples() == 0) {
      return 0;
    }
    var places = new HashMap<String, Integer>();
    for (int i = 0; i < items.size(); i++) {
      places.put("id " + items.get(i).id(), i);
      for (var hash : items.get(i).hashes()) {
        places.put("tokens " + hash, i);
      }
    }
    var met = new HashSet<Integer>();
    try (var shard = datasets.folder(other).examples(Split.TRAIN)) {
      for (var example : shard) {
        for (var key :
            List.of("id " + conversation(other, example.id()), "tokens " + hash(example))) {
          var place = places.get(key);
          if (place != null) {
            met.add(place);
          }
        }
      }
    }
    return met.size();
  }

  /** Windows of a conversation are {@code id#1}, {@code id#2}, … */
  private static String conversation(DatasetVersion dataset, String example) {
    return "split".equals(dataset.recipe().get("truncation"))
        ? example.replaceFirst("#\\d+$", "")
        : example;
  }

  private static String hash(Example example) {
    var bytes = ByteBuffer.allocate(4 * example.length());
    bytes.asIntBuffer().put(example.ids());
    return HexFormat.of().formatHex(Sha256.digest().digest(bytes.array()));
  }
}
