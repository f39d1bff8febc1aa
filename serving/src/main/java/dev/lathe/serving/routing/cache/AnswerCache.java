package dev.lathe.serving.routing.cache;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.serving.wire.ChatRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Answers by the very request that they were given to: the same target, messages and options. What
 * was asked longest ago goes first when room is wanted. Nothing of it outlives this process.
 */
public final class AnswerCache {
  /** They change nothing of an answer. */
  private static final List<String> BESIDE_THE_POINT =
      List.of(
          "model",
          "user",
          "safety_identifier",
          "metadata",
          "store",
          "service_tier",
          "prompt_cache_key");

  private final CacheSettings settings;
  private final LongSupplier nanos;
  private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;
  private long hits;
  private long misses;

  private record Entry(KeptAnswer answer, long at) {}

  /**
   * @param answers that are kept now
   */
  public record Told(int answers, long bytes, long hits, long misses) {}

  /**
   * @param nanos a clock that never goes back
   */
  public AnswerCache(CacheSettings settings, LongSupplier nanos) {
    this.settings = settings;
    this.nanos = nanos;
  }

  /**
   * What an answer is kept under; empty when answers to such a request are not kept.
   *
   * @param target by its exact version, so that a promotion makes older answers unreachable
   */
  public Optional<String> key(String target, ChatRequest request) {
    if (settings.lifetime().isZero()) {
      return Optional.empty();
    }
    var fields = request.fields();
    boolean certain = fields.path("temperature").asDouble(1) == 0;
    if (!certain && !settings.sampled()) {
      return Optional.empty();
    }
    var asked = fields.deepCopy();
    asked.remove(BESIDE_THE_POINT);
    return Optional.of(Sha256.of(target + "\n" + asked));
  }

  public synchronized Optional<KeptAnswer> find(String key) {
    var entry = entries.get(key);
    if (entry != null && nanos.getAsLong() - entry.at() > settings.lifetime().toNanos()) {
      forget(key);
      entry = null;
    }
    if (entry == null) {
      misses++;
      return Optional.empty();
    }
    hits++;
    return Optional.of(entry.answer());
  }

  public synchronized void keep(String key, KeptAnswer answer) {
    forget(key);
    if (answer.size() > settings.bytes() / 4) {
      return; // one answer must not push all the others out
    }
    entries.put(key, new Entry(answer, nanos.getAsLong()));
    bytes += answer.size();
    for (var oldest = entries.entrySet().iterator();
        bytes > settings.bytes() && oldest.hasNext(); ) {
      bytes -= oldest.next().getValue().answer().size();
      oldest.remove();
    }
  }

  private void forget(String key) {
    var gone = entries.remove(key);
    if (gone != null) {
      bytes -= gone.answer().size();
    }
  }

  public synchronized Told told() {
    return new Told(entries.size(), bytes, hits, misses);
  }
}
