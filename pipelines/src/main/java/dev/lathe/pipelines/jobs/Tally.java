package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.cleaning.Drop;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/** What a build counts, and every drop with its reason, written as it happens. */
final class Tally implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  final SortedMap<String, Long> dropped = new TreeMap<>();
  final SortedMap<String, Long> changes = new TreeMap<>();
  private final BufferedWriter drops;

  Tally(Path drops) {
    try {
      this.drops = Files.newBufferedWriter(drops);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + drops, e);
    }
  }

  void drop(Drop drop) {
    dropped.merge(drop.rule(), 1L, Long::sum);
    var line = new LinkedHashMap<String, Object>();
    line.put("conversationId", drop.conversationId());
    line.put("origin", drop.origin());
    line.put("rule", drop.rule());
    line.put("why", drop.why());
    try {
      drops.write(JSON.writeValueAsString(line));
      drops.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the drops", e);
    }
  }

  static void add(SortedMap<String, Long> counts, Map<String, ? extends Number> more) {
    more.forEach((key, n) -> counts.merge(key, n.longValue(), Long::sum));
  }

  /** Of what cleaning changed, the part whose keys begin with {@code prefix}, which is cut off. */
  SortedMap<String, Long> changesOf(String prefix) {
    var found = new TreeMap<String, Long>();
    changes.forEach(
        (key, n) -> {
          if (key.startsWith(prefix)) {
            found.put(key.substring(prefix.length()), n);
          }
        });
    return found;
  }

  @Override
  public void close() {
    try {
      drops.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the drops", e);
    }
  }
}
