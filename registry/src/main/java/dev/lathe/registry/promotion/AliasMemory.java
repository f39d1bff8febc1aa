package dev.lathe.registry.promotion;

import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where aliases stand, in memory. Every promotion is taken in once and in its alias's order,
 * whether this process made it or another one did, and told to the listeners then.
 */
final class AliasMemory {
  private static final Logger log = LoggerFactory.getLogger(AliasMemory.class);

  private final PromotionRows rows;
  private final ModelRegistry models;
  private final Map<Key, Known> known = new ConcurrentHashMap<>();
  private final List<Consumer<Promotion>> listeners = new CopyOnWriteArrayList<>();

  /** Held while something is taken in; who only looks an alias up does not need it. */
  private final ReentrantLock taking = new ReentrantLock();

  private record Key(String name, String alias) {}

  private record Known(long change, ModelVersion version) {}

  /** Begins with what the database says. */
  AliasMemory(PromotionRows rows, ModelRegistry models) {
    this.rows = rows;
    this.models = models;
    for (var standing : rows.standings()) {
      rows.change(standing.name(), standing.alias(), standing.changes()).ifPresent(this::put);
    }
  }

  Optional<ModelVersion> resolve(String name, String alias) {
    return Optional.ofNullable(known.get(new Key(name, alias))).map(Known::version);
  }

  void onChange(Consumer<Promotion> listener) {
    listeners.add(listener);
  }

  /** Takes in a promotion that is committed, behind those that came before it. */
  void take(Promotion promotion) {
    taking.lock();
    try {
      long before = change(new Key(promotion.name(), promotion.alias()));
      if (promotion.change() == before + 1) {
        put(promotion);
      } else if (promotion.change() > before) {
        rows.after(promotion.name(), promotion.alias(), before).forEach(this::put);
      }
    } finally {
      taking.unlock();
    }
  }

  /** Takes in what other processes did to the database. */
  void catchUp() {
    taking.lock();
    try {
      var gone = new HashSet<>(known.keySet());
      for (var standing : rows.standings()) {
        var key = new Key(standing.name(), standing.alias());
        gone.remove(key);
        long before = change(key);
        if (standing.changes() < before) {
          known.remove(key); // the database was put back to an earlier state
          before = 0;
        }
        if (standing.changes() > before) {
          rows.after(standing.name(), standing.alias(), before).forEach(this::put);
        }
      }
      known.keySet().removeAll(gone);
    } finally {
      taking.unlock();
    }
  }

  private long change(Key key) {
    var k = known.get(key);
    return k == null ? 0 : k.change();
  }

  private void put(Promotion promotion) {
    var version = models.find(promotion.version());
    if (version.isEmpty()) {
      log.warn("{} names a version that is not there", promotion);
      return;
    }
    known.put(
        new Key(promotion.name(), promotion.alias()), new Known(promotion.change(), version.get()));
    for (var listener : listeners) {
      try {
        listener.accept(promotion);
      } catch (RuntimeException e) {
        log.error("a listener failed to hear of {}", promotion.version(), e);
      }
    }
  }
}
