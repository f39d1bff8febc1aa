package dev.lathe.datasets.statistics;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.store.VersionFolder;
import dev.lathe.datasets.tokens.ShardReader;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tech.tablesaw.aggregate.AggregateFunctions;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Figures of one version.
 *
 * @param lengths distributions over conversations: tokens, labelTokens, turns, characters
 * @param splits a slice for each split that has conversations
 * @param sources a slice for each log
 * @param roles turns and characters by role
 * @param feedback conversations by what their users said: up, down, between, none
 * @param notLearned assistant turns of weight 0
 * @param openings the first two words that answers begin with most often: a hint of a voice
 */
public record DatasetStatistics(
    String dataset,
    Map<String, Distribution> lengths,
    List<Slice> splits,
    List<Slice> sources,
    Map<String, Turns> roles,
    Map<String, Long> feedback,
    long notLearned,
    List<Opening> openings) {

  /** Conversations that share a split or a source. */
  public record Slice(
      String name,
      long conversations,
      long tokens,
      long labelTokens,
      double labelShare,
      double meanTurns,
      double meanTokens) {}

  /** The turns of one role. */
  public record Turns(long turns, long characters, double meanCharacters) {}

  /** How answers begin. */
  public record Opening(String words, long answers) {}

  private static final int OPENINGS = 10;

  public static DatasetStatistics of(DatasetStore store, DatasetVersion version) {
    return new Gathering(store.folder(version)).statistics(version.dataset());
  }

  /** One pass over the conversations, then Tablesaw over a row for each. */
  private static final class Gathering {
    final StringColumn split = StringColumn.create("split");
    final StringColumn source = StringColumn.create("source");
    final IntColumn turns = IntColumn.create("turns");
    final IntColumn characters = IntColumn.create("characters");
    final IntColumn tokens = IntColumn.create("tokens");
    final IntColumn labels = IntColumn.create("labelTokens");
    final Map<Role, long[]> roles = new EnumMap<>(Role.class);
    final Map<String, Long> feedback = new TreeMap<>();
    final Map<String, Long> openings = new HashMap<>();
    long notLearned;

    Gathering(VersionFolder folder) {
      for (var part : Split.values()) {
        try (var examples = folder.examples(part)) {
          var lengths = lengths(examples);
          folder.forEach(part, c -> add(part, c, lengths.getOrDefault(c.id(), new int[2])));
        }
      }
    }

    /** Tokens and labels by conversation, the windows of a long one added up. */
    private static Map<String, int[]> lengths(ShardReader examples) {
      var lengths = new HashMap<String, int[]>();
      for (long i = 0; i < examples.size(); i++) {
        var id = examples.example(i).id().replaceFirst("#\\d+$", "");
        var sum = lengths.computeIfAbsent(id, k -> new int[2]);
        sum[0] += examples.length(i);
        sum[1] += examples.labelCount(i);
      }
      return lengths;
    }

    private void add(Split part, Conversation c, int[] length) {
      int spoken = 0;
      int text = 0;
      for (var message : c.messages()) {
        var sum = roles.computeIfAbsent(message.role(), r -> new long[2]);
        sum[0]++;
        sum[1] += message.content().length();
        text += message.content().length();
        spoken += message.role() == Role.USER || message.role() == Role.ASSISTANT ? 1 : 0;
        if (message.role() == Role.ASSISTANT) {
          notLearned += message.weight() == 0 ? 1 : 0;
          if (!message.content().isBlank()) {
            openings.merge(opening(message.content()), 1L, Long::sum);
          }
        }
      }
      split.append(part.wire());
      source.append(c.origin().file());
      turns.append(spoken);
      characters.append(text);
      tokens.append(length[0]);
      labels.append(length[1]);
      feedback.merge(said(c), 1L, Long::sum);
    }

    private static String opening(String answer) {
      var words = answer.strip().split("\\s+", 3);
      return words.length < 2 ? words[0] : words[0] + " " + words[1];
    }

    private static String said(Conversation c) {
      var value = c.feedback();
      if (value == null) {
        return "none";
      }
      return value >= 1 ? "up" : value <= 0 ? "down" : "between";
    }

    DatasetStatistics statistics(String dataset) {
      var lengths = new LinkedHashMap<String, Distribution>();
      lengths.put("tokens", Distribution.of(tokens));
      lengths.put("labelTokens", Distribution.of(labels));
      lengths.put("turns", Distribution.of(turns));
      lengths.put("characters", Distribution.of(characters));
      var byRole = new LinkedHashMap<String, Turns>();
      roles.forEach(
          (role, sum) ->
              byRole.put(role.wire(), new Turns(sum[0], sum[1], (double) sum[1] / sum[0])));
      return new DatasetStatistics(
          dataset,
          lengths,
          slices("split"),
          slices("source"),
          byRole,
          feedback,
          notLearned,
          openings.entrySet().stream()
              .filter(e -> e.getValue() > 1)
              .sorted(
                  Map.Entry.<String, Long>comparingByValue()
                      .reversed()
                      .thenComparing(Map.Entry.comparingByKey()))
              .limit(OPENINGS)
              .map(e -> new Opening(e.getKey(), e.getValue()))
              .toList());
    }

    private List<Slice> slices(String by) {
      var table = Table.create("conversations", split, source, turns, tokens, labels);
      if (table.isEmpty()) {
        return List.of();
      }
      var sums =
          table
              .summarize(
                  List.of("turns", "tokens", "labelTokens"),
                  AggregateFunctions.count,
                  AggregateFunctions.sum)
              .by(by);
      var slices = new ArrayList<Slice>();
      for (var row : sums) {
        double count = row.getDouble("Count [turns]");
        double tokenSum = row.getDouble("Sum [tokens]");
        double labelSum = row.getDouble("Sum [labelTokens]");
        slices.add(
            new Slice(
                row.getString(by),
                (long) count,
                (long) tokenSum,
                (long) labelSum,
                tokenSum == 0 ? 0 : labelSum / tokenSum,
                row.getDouble("Sum [turns]") / count,
                tokenSum / count));
      }
      return slices;
    }
  }

  /** Every figure in a line of its own: {@code section,name,figure,value}. */
  public String csv() {
    var out = Table.create("statistics");
    var section = StringColumn.create("section");
    var name = StringColumn.create("name");
    var figure = StringColumn.create("figure");
    var value = DoubleColumn.create("value");
    var row =
        new Object() {
          void add(String s, String n, String f, double v) {
            section.append(s);
            name.append(n);
            figure.append(f);
            value.append(v);
          }
        };
    lengths.forEach(
        (n, d) -> {
          row.add("lengths", n, "count", d.count());
          row.add("lengths", n, "mean", d.mean());
          row.add("lengths", n, "deviation", d.deviation());
          row.add("lengths", n, "min", d.min());
          row.add("lengths", n, "p5", d.p5());
          row.add("lengths", n, "p25", d.p25());
          row.add("lengths", n, "median", d.median());
          row.add("lengths", n, "p75", d.p75());
          row.add("lengths", n, "p95", d.p95());
          row.add("lengths", n, "p99", d.p99());
          row.add("lengths", n, "max", d.max());
        });
    for (var kind : List.of("splits", "sources")) {
      for (var s : kind.equals("splits") ? splits : sources) {
        row.add(kind, s.name(), "conversations", s.conversations());
        row.add(kind, s.name(), "tokens", s.tokens());
        row.add(kind, s.name(), "labelTokens", s.labelTokens());
        row.add(kind, s.name(), "labelShare", s.labelShare());
        row.add(kind, s.name(), "meanTurns", s.meanTurns());
        row.add(kind, s.name(), "meanTokens", s.meanTokens());
      }
    }
    roles.forEach(
        (n, t) -> {
          row.add("roles", n, "turns", t.turns());
          row.add("roles", n, "characters", t.characters());
        });
    feedback.forEach((n, count) -> row.add("feedback", n, "conversations", count));
    row.add("roles", "assistant", "notLearned", notLearned);
    openings.forEach(o -> row.add("openings", o.words(), "answers", o.answers()));
    out.addColumns(section, name, figure, value);
    return out.write().toString("csv");
  }
}
