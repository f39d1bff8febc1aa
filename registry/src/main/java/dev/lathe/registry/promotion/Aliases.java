package dev.lathe.registry.promotion;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.registry.Transactions;
import dev.lathe.registry.audit.AuditLog;
import dev.lathe.registry.audit.Decision;
import dev.lathe.registry.models.ModelRef;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Promotion.Kind;
import dev.lathe.registry.promotion.PromotionRows.Standing;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * Which version bears which name: {@code support@champion}. Every change is a row of an append-only
 * history, durable before it is answered; changes of one model follow one another, whoever makes
 * them. Looking an alias up touches no database.
 */
public final class Aliases implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Aliases.class);

  private final PromotionRows rows;
  private final Transactions transactions;
  private final AuditLog audit;
  private final AliasMemory memory;
  private final Clock clock;
  private volatile @Nullable Thread watcher;

  /** Reads where every alias stands. */
  public Aliases(
      JdbcClient jdbc, PlatformTransactionManager transactions, ModelRegistry models, Clock clock) {
    this.rows = new PromotionRows(jdbc);
    this.transactions = new Transactions(transactions);
    this.audit = new AuditLog(jdbc, clock);
    this.memory = new AliasMemory(rows, models);
    this.clock = clock;
  }

  /**
   * Where an alias stands, for whoever wants to put it on {@code candidate}; null for nowhere.
   *
   * @throws AliasMoved when that is neither as expected nor on the candidate already
   */
  public @Nullable Integer standing(ModelVersion candidate, String alias, Expectation expected) {
    var number = rows.standing(candidate.name(), alias).number();
    boolean there = number != null && number == candidate.number();
    if (!there && !expected.holds(number)) {
      throw new AliasMoved(candidate.name(), alias, expected, number);
    }
    return number;
  }

  /**
   * Puts an alias on a version. Where it stands there already nothing is changed, and the promotion
   * that put it there is returned; so a request may be sent twice.
   *
   * @throws AliasMoved when the alias stands elsewhere than expected
   * @throws GatesRefused when a gate failed and force does not override it
   */
  public Promotion promote(NewPromotion wanted) {
    var name = wanted.version().name();
    var alias = wanted.alias();
    try {
      var promotion =
          transactions.change(
              () -> {
                var standing = locked(name, alias);
                if (Integer.valueOf(wanted.version().number()).equals(standing.number())) {
                  return last(standing);
                }
                if (!wanted.expected().holds(standing.number())) {
                  throw new AliasMoved(name, alias, wanted.expected(), standing.number());
                }
                boolean open = standing.guarded() ? wanted.passedAll() : !wanted.failed();
                if (!open && (standing.guarded() || !wanted.force())) {
                  throw new GatesRefused(
                      wanted.version().version(), alias, standing.guarded(), wanted.gates());
                }
                return move(
                    standing,
                    wanted.version().number(),
                    Kind.PROMOTE,
                    wanted.force() && !wanted.passedAll(),
                    wanted.decision(),
                    wanted.gates());
              });
      memory.take(promotion);
      return promotion;
    } catch (GatesRefused e) {
      transactions.run(() -> refused(wanted, e));
      throw e;
    }
  }

  /**
   * Puts an alias back where it stood before; called again, it goes back further.
   *
   * @throws AliasMoved when the alias stands elsewhere than expected
   * @throws BadInput when it stood nowhere before
   */
  public Promotion rollback(String name, String alias, Expectation expected, Decision decision) {
    var promotion =
        transactions.change(
            () -> {
              var standing = locked(name, ModelRef.requireAlias(alias));
              if (standing.number() == null) {
                throw never(name, alias);
              }
              if (!expected.holds(standing.number())) {
                throw new AliasMoved(name, alias, expected, standing.number());
              }
              return move(standing, before(standing), Kind.ROLLBACK, false, decision, List.of());
            });
    memory.take(promotion);
    return promotion;
  }

  /** The version that an alias stood on before those that were taken back. */
  private int before(Standing standing) {
    var stack = new ArrayDeque<Integer>();
    for (var p : rows.history(standing.name(), standing.alias())) {
      switch (p.kind()) {
        case PROMOTE -> stack.push(p.number());
        case ROLLBACK -> stack.pop();
      }
    }
    stack.pop();
    var previous = stack.peek();
    if (previous == null) {
      throw new BadInput(
          "there is nothing to go back to: the alias stood on no version before",
          standing.name() + "@" + standing.alias(),
          "'./lathe models history " + standing.name() + "' shows where it stood.");
    }
    return previous;
  }

  private Promotion move(
      Standing from,
      int number,
      Kind kind,
      boolean forced,
      Decision decision,
      List<GateResult> gates) {
    var last = from.changes() == 0 ? null : last(from);
    var promotion =
        new Promotion(
            from.name() + "@" + number,
            from.alias(),
            last == null ? null : last.version(),
            decision.by(),
            decision.reason(),
            gates,
            notBefore(last),
            kind,
            forced,
            from.changes() + 1);
    rows.insert(promotion);
    rows.write(new Standing(from.name(), from.alias(), number, promotion.change(), from.guarded()));
    var details = new LinkedHashMap<String, Object>();
    details.put("version", promotion.version());
    details.put("previous", promotion.previous() == null ? "none" : promotion.previous());
    details.put("reason", promotion.reason());
    details.put("forced", forced);
    tell(decision.by(), kind.word(), from.name(), from.alias(), details);
    return promotion;
  }

  /** Servers' clocks differ; an alias's history never goes backwards. */
  private Instant notBefore(@Nullable Promotion last) {
    var now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    return last != null && last.at().isAfter(now) ? last.at() : now;
  }

  private void refused(NewPromotion wanted, GatesRefused e) {
    var details = new LinkedHashMap<String, Object>();
    details.put("version", e.version());
    details.put("reason", wanted.decision().reason());
    details.put("failed", e.words());
    tell(wanted.decision().by(), "refuse", wanted.version().name(), wanted.alias(), details);
  }

  /** From now on the alias takes only versions that passed every gate, and no force. */
  public void protect(String name, String alias, Decision decision) {
    guard(name, alias, true, decision);
  }

  /** Takes the protection away. */
  public void unprotect(String name, String alias, Decision decision) {
    guard(name, alias, false, decision);
  }

  private void guard(String name, String alias, boolean guarded, Decision decision) {
    ModelRef.requireAlias(alias);
    transactions.run(
        () -> {
          var s = locked(name, alias);
          if (s.guarded() != guarded) {
            rows.write(new Standing(name, alias, s.number(), s.changes(), guarded));
            var action = guarded ? "protect" : "unprotect";
            tell(decision.by(), action, name, alias, Map.of("reason", decision.reason()));
          }
        });
  }

  /** The protected aliases of a model. */
  public SortedSet<String> guarded(String name) {
    return rows.standings(name).stream()
        .filter(Standing::guarded)
        .map(Standing::alias)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * A model's promotions and rollbacks, newest first.
   *
   * @param alias null for those of all its aliases
   */
  public List<Promotion> history(String name, @Nullable String alias) {
    return alias == null ? rows.newestFirst(name) : rows.history(name, alias).reversed();
  }

  /** Where a model's aliases stand: alias, then the version's number. */
  public SortedMap<String, Integer> current(String name) {
    var current = new TreeMap<String, Integer>();
    for (var standing : rows.standings(name)) {
      if (standing.number() != null) {
        current.put(standing.alias(), standing.number());
      }
    }
    return Collections.unmodifiableSortedMap(current);
  }

  /** The version that an alias stands on, from memory. */
  public Optional<ModelVersion> resolve(String name, String alias) {
    return memory.resolve(name, alias);
  }

  /** The promotion that was in force at a time; empty before the alias's first. */
  public Optional<Promotion> at(String name, String alias, Instant time) {
    return rows.at(name, alias, time);
  }

  /**
   * Has every later promotion told to {@code listener}, in its alias's order, once; also what other
   * processes did, when {@link #watch} looks for it.
   */
  public void onChange(Consumer<Promotion> listener) {
    memory.onChange(listener);
  }

  /** Looks into the database every so often for what other processes changed. */
  public synchronized Aliases watch(Duration period) {
    if (watcher == null) {
      watcher = Thread.ofVirtual().name("watch the aliases").start(() -> look(period));
    }
    return this;
  }

  private void look(Duration period) {
    boolean told = false;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(period);
        memory.catchUp();
        told = false;
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        if (!told) {
          log.warn("where aliases stand cannot be read; going on with what is known", e);
        }
        told = true;
      }
    }
  }

  /** Ends {@link #watch}. */
  @Override
  public synchronized void close() {
    var thread = watcher;
    if (thread != null) {
      thread.interrupt();
      watcher = null;
    }
  }

  private Standing locked(String name, String alias) {
    if (!rows.lock(name)) {
      throw new BadInput(
          "no such model", name, "'./lathe models list' shows those that are there.");
    }
    return rows.standing(name, alias);
  }

  private Promotion last(Standing standing) {
    return rows.change(standing.name(), standing.alias(), standing.changes())
        .orElseThrow(() -> new IllegalStateException("the history lacks the end of " + standing));
  }

  private BadInput never(String name, String alias) {
    var standing = current(name).keySet();
    return new BadInput(
        "nothing was promoted to this alias",
        name + "@" + alias,
        standing.isEmpty()
            ? "Promote a version first: ./lathe models promote " + name + "@1 --alias " + alias
            : DidYouMean.remedy(alias, standing));
  }

  private void tell(
      String by, String action, String name, String alias, Map<String, Object> details) {
    audit.add(by, action, name, name + "@" + alias, details);
  }
}
