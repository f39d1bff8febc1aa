package dev.lathe.datasets.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * What one version has and another has not, by conversation id.
 *
 * @param added ids that only {@code after} has
 * @param changed ids whose cleaned text differs
 * @param moved ids that are in another split
 * @param counts {@code [before, after]} of the manifests' figures that differ
 * @param recipe {@code [before, after]} of the recipes' keys that differ
 */
public record DatasetDiff(
    String before,
    String after,
    List<String> added,
    List<String> removed,
    List<String> changed,
    List<String> moved,
    long same,
    Map<String, List<Object>> counts,
    Map<String, List<Object>> recipe) {

  private record Seen(Split split, int hash) {}

  public static DatasetDiff between(DatasetStore store, DatasetVersion a, DatasetVersion b) {
    var before = seen(store.folder(a));
    var after = seen(store.folder(b));
    var added = new ArrayList<String>();
    var changed = new ArrayList<String>();
    var moved = new ArrayList<String>();
    long same = 0;
    for (var entry : after.entrySet()) {
      var old = before.get(entry.getKey());
      if (old == null) {
        added.add(entry.getKey());
        continue;
      }
      if (old.hash() != entry.getValue().hash()) {
        changed.add(entry.getKey());
      }
      if (old.split() != entry.getValue().split()) {
        moved.add(entry.getKey());
      }
      same += old.equals(entry.getValue()) ? 1 : 0;
    }
    var removed = before.keySet().stream().filter(id -> !after.containsKey(id)).sorted().toList();
    return new DatasetDiff(
        a.dataset(),
        b.dataset(),
        added.stream().sorted().toList(),
        removed,
        changed.stream().sorted().toList(),
        moved.stream().sorted().toList(),
        same,
        differing(figures(a), figures(b)),
        differing(a.recipe(), b.recipe()));
  }

  private static Map<String, Seen> seen(VersionFolder folder) {
    var seen = new HashMap<String, Seen>();
    for (var split : Split.values()) {
      folder.forEach(
          split, c -> seen.put(c.id(), new Seen(split, Objects.hash(c.messages(), c.tools()))));
    }
    return seen;
  }

  private static Map<String, Object> figures(DatasetVersion v) {
    var figures = new LinkedHashMap<String, Object>();
    figures.put("conversations", v.conversations());
    figures.put("kept", v.kept());
    figures.put("broken", v.broken());
    figures.put("tokens", v.tokens());
    figures.put("labelTokens", v.labelTokens());
    v.dropped().forEach((rule, n) -> figures.put("dropped." + rule, n));
    v.redactions().forEach((kind, n) -> figures.put("redactions." + kind, n));
    for (var split : Split.values()) {
      figures.put(split.wire(), v.part(split).conversations());
    }
    return figures;
  }

  private static Map<String, List<Object>> differing(
      Map<String, Object> before, Map<String, Object> after) {
    var keys = new TreeSet<>(before.keySet());
    keys.addAll(after.keySet());
    var differing = new LinkedHashMap<String, List<Object>>();
    for (var key : keys) {
      var a = before.getOrDefault(key, "none");
      var b = after.getOrDefault(key, "none");
      if (!a.toString().equals(b.toString())) {
        differing.put(key, List.of(a, b));
      }
    }
    return differing;
  }
}
