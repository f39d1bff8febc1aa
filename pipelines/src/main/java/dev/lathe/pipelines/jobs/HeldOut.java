package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Example;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Conversations that one dataset version kept out of training: of its test split, or of its
 * validation split where it has no test split. Of a large split those are taken whose ids have the
 * lowest hashes, which depends on nothing else. Of a preference dataset the liked answers are
 * taken, each in its context.
 *
 * @param of how many there are in the split
 * @param items those that were taken
 */
record HeldOut(DatasetVersion dataset, Split split, int of, List<Item> items) {
  /** Tokens used of one example. */
  static final int LONGEST = 2048;

  HeldOut {
    items = List.copyOf(items);
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

  /** Whether a dataset version kept anything out of training. */
  static boolean isIn(DatasetVersion dataset) {
    return dataset.part(split(dataset)).examples() > 0;
  }

  private static Split split(DatasetVersion dataset) {
    return dataset.part(Split.TEST).examples() > 0 ? Split.TEST : Split.VALIDATION;
  }

  /** At most so many conversations of at most so many tokens together, but one at least. */
  static HeldOut of(
      DatasetStore datasets, DatasetVersion dataset, int mostConversations, int mostTokens) {
    var split = split(dataset);
    var all = items(datasets, dataset, split);
    var items = new ArrayList<Item>();
    int tokens = 0;
    for (var item : new TreeMap<>(all).values()) {
      tokens += item.tokens();
      if (!items.isEmpty() && (tokens > mostTokens || items.size() == mostConversations)) {
        break;
      }
      items.add(item);
    }
    return new HeldOut(dataset, split, all.size(), items);
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

  /** Which they are, in words. */
  String words() {
    var name =
        split == Split.TEST
            ? "the test split of " + dataset.dataset()
            : "the validation split of " + dataset.dataset() + ", which has no test split";
    return items.size() < of
        ? name + ", %d of its %d conversations".formatted(items.size(), of)
        : name;
  }

  Path shard(DatasetStore datasets) {
    return datasets.folder(dataset).shard(split);
  }

  /** The examples' places in the shard, conversation by conversation. */
  List<Integer> examples() {
    return items.stream().flatMap(i -> i.examples().stream()).toList();
  }

  /** The cleaned conversations, in the order of {@link #items}. */
  List<Conversation> conversations(DatasetStore datasets) {
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

  /** Windows of a conversation are {@code id#1}, {@code id#2}, … */
  static String conversation(DatasetVersion dataset, String example) {
    return "split".equals(dataset.recipe().get("truncation"))
        ? example.replaceFirst("#\\d+$", "")
        : example;
  }

  /** Of an example's tokens. */
  static String hash(Example example) {
    var bytes = ByteBuffer.allocate(4 * example.length());
    bytes.asIntBuffer().put(example.ids());
    return HexFormat.of().formatHex(Sha256.digest().digest(bytes.array()));
  }
}
