package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Remembers every conversation that was kept and drops those that come again, word for word ({@code
 * exact-duplicate}) or nearly so ({@code near-duplicate}). The first in the order of the logs
 * stays, so the outcome does not depend on threads. One thread at a time.
 *
 * <p>Near duplicates are found by MinHash and locality-sensitive hashing (Indyk, Motwani 1998): a
 * conversation is compared with those that share a band with it, of a band's at most {@value
 * #COMPARED} latest, and dropped where the estimated Jaccard similarity is at least {@value
 * #THRESHOLD}. Half of each signature's bits are kept, 520 bytes a conversation: equal halves of
 * unequal places are one in 65,536.
 */
public final class Duplicates {
  public static final String EXACT_RULE = "exact-duplicate";
  public static final String NEAR_RULE = "near-duplicate";
  static final double THRESHOLD = 0.8;
  private static final int COMPARED = 64;

  private record Exact(long high, long low) {}

  private final Map<Exact, String> exact = new HashMap<>();
  private final List<String> ids = new ArrayList<>();
  private final List<short[]> signatures = new ArrayList<>();
  private final Buckets buckets = new Buckets();

  /** The drop, when the conversation was there before; else it is remembered. */
  public Optional<Drop> check(Conversation conversation, Fingerprint print) {
    var key = new Exact(print.exactHigh(), print.exactLow());
    var same = exact.putIfAbsent(key, conversation.id());
    if (same != null) {
      return Optional.of(Drop.of(conversation, EXACT_RULE, "the same as " + same));
    }
    return print.signature().length == 0 ? Optional.empty() : near(conversation, print.signature());
  }

  private Optional<Drop> near(Conversation conversation, int[] signature) {
    var halves = halves(signature);
    long[] bands = new long[MinHash.BANDS];
    for (int band = 0; band < bands.length; band++) {
      bands[band] = MinHash.band(signature, band);
      int compared = 0;
      for (int entry = buckets.first(bands[band]);
          entry >= 0 && compared < COMPARED;
          entry = buckets.next(entry)) {
        compared++;
        int other = buckets.document(entry);
        double alike = alike(halves, signatures.get(other));
        if (alike >= THRESHOLD) {
          var why = "%.0f %% like %s".formatted(100 * alike, ids.get(other));
          return Optional.of(Drop.of(conversation, NEAR_RULE, why));
        }
      }
    }
    ids.add(conversation.id());
    signatures.add(halves);
    for (long band : bands) {
      buckets.add(band, ids.size() - 1);
    }
    return Optional.empty();
  }

  private static short[] halves(int[] signature) {
    var halves = new short[signature.length];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = (short) (signature[i] ^ (signature[i] >>> 16));
    }
    return halves;
  }

  static double alike(short[] a, short[] b) {
    int same = 0;
    for (int i = 0; i < a.length; i++) {
      same += a[i] == b[i] ? 1 : 0;
    }
    return (double) same / a.length;
  }

  /** From a band's hash to the documents that have it, latest first, in plain arrays. */
  private static final class Buckets {
    private long[] keys = new long[1 << 12];
    private int[] heads = new int[1 << 12];
    private int[] documents = new int[1 << 12];
    private int[] nexts = new int[1 << 12];
    private int used;
    private int entries;

    int first(long key) {
      int slot = slot(keys, key);
      return keys[slot] == 0 ? -1 : heads[slot];
    }

    int next(int entry) {
      return nexts[entry];
    }

    int document(int entry) {
      return documents[entry];
    }

    void add(long key, int document) {
      if (2 * used >= keys.length) {
        grow();
      }
      if (entries == documents.length) {
        documents = Arrays.copyOf(documents, 2 * entries);
        nexts = Arrays.copyOf(nexts, 2 * entries);
      }
      int slot = slot(keys, key);
      documents[entries] = document;
      nexts[entries] = keys[slot] == 0 ? -1 : heads[slot];
      used += keys[slot] == 0 ? 1 : 0;
      keys[slot] = key;
      heads[slot] = entries++;
    }

    private void grow() {
      var wider = new long[2 * keys.length];
      var moved = new int[2 * keys.length];
      for (int i = 0; i < keys.length; i++) {
        if (keys[i] != 0) {
          int slot = slot(wider, keys[i]);
          wider[slot] = keys[i];
          moved[slot] = heads[i];
        }
      }
      keys = wider;
      heads = moved;
    }

    private static int slot(long[] keys, long key) {
      int slot = (int) (key ^ (key >>> 32)) & (keys.length - 1);
      while (keys[slot] != 0 && keys[slot] != key) {
        slot = (slot + 1) & (keys.length - 1);
      }
      return slot;
    }
  }
}
