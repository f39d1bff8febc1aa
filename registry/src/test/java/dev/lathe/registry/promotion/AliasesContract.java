package dev.lathe.registry.promotion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.registry.Made;
import dev.lathe.registry.TestDatabase;
import dev.lathe.registry.audit.AuditLog;
import dev.lathe.registry.audit.Decision;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What aliases and their history promise, on every database. */
abstract class AliasesContract {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final GateResult PASSED = new GateResult("better", true, "< 0", "-0.2");
  private static final GateResult FAILED = new GateResult("kept", false, "at most 5 %", "12 %");
  private static final Decision ADA = new Decision("ada", "it answers better");
  private static final Expectation ANYWHERE = new Expectation.Anywhere();

  @TempDir Path folder;
  private final Settable clock = new Settable();
  private final List<Aliases> opened = new ArrayList<>();
  private TestDatabase database;
  private ModelRegistry models;
  private Aliases aliases;
  private ModelVersion one;
  private ModelVersion two;
  private ModelVersion three;

  /** A fresh database. */
  abstract TestDatabase fresh(Path folder);

  @BeforeEach
  void open() {
    database = fresh(folder);
    var c = database.connect();
    models = new ModelRegistry(c.client(), c.transactions(), folder.resolve("models"), clock);
    aliases = server();
    one = Made.registered(models, "run-1", "support");
    two = Made.registered(models, "run-2", "support");
    three = Made.registered(models, "run-3", "support");
  }

  @AfterEach
  void close() {
    opened.forEach(Aliases::close);
    database.close();
  }

  private Aliases server() {
    var c = database.connect();
    var of = new ModelRegistry(c.client(), c.transactions(), folder.resolve("models"), clock);
    var server = new Aliases(c.client(), c.transactions(), of, clock);
    opened.add(server);
    return server;
  }

  private Promotion promote(ModelVersion version) {
    return aliases.promote(wanted(version, ANYWHERE, false, PASSED));
  }

  private static NewPromotion wanted(
      ModelVersion version, Expectation expected, boolean force, GateResult... gates) {
    return new NewPromotion(version, "champion", expected, ADA, List.of(gates), force);
  }

  private Promotion rollback() {
    return aliases.rollback("support", "champion", ANYWHERE, ADA);
  }

  private @Nullable String standing() {
    return aliases.resolve("support", "champion").map(ModelVersion::version).orElse(null);
  }

  @Test
  void aPromotionIsARowWithWhoWhenWhyAndTheEvidence() {
    assertThat(standing()).isNull();

    var promotion = promote(one);

    assertThat(promotion)
        .isEqualTo(
            new Promotion(
                "support@1",
                "champion",
                null,
                "ada",
                "it answers better",
                List.of(PASSED),
                NOON,
                Promotion.Kind.PROMOTE,
                false,
                1));
    assertThat(standing()).isEqualTo("support@1");
    assertThat(aliases.current("support")).containsOnly(Map.entry("champion", 1));
    assertThat(server().history("support", null)).containsExactly(promotion);
    assertThat(server().resolve("support", "champion")).contains(one);
    assertThat(models.require("support")).isEqualTo(one);
    assertThat(models.require("support@champion")).isEqualTo(one);
  }

  @Test
  void rollbackGoesBackAndAgainFurtherBackAndIsARowOfItsOwn() {
    promote(one);
    promote(two);
    promote(three);

    var first = rollback();
    var second = aliases.rollback("support", "champion", new Expectation.On(2), ADA);

    assertThat(first.version()).isEqualTo("support@2");
    assertThat(first.previous()).isEqualTo("support@3");
    assertThat(first.kind()).isEqualTo(Promotion.Kind.ROLLBACK);
    assertThat(second.version()).isEqualTo("support@1");
    assertThat(standing()).isEqualTo("support@1");
    assertThatThrownBy(this::rollback)
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("nothing to go back to");
    promote(three);
    rollback();
    assertThat(standing()).isEqualTo("support@1");
    assertThat(aliases.history("support", "champion"))
        .extracting(Promotion::number)
        .containsExactly(1, 3, 1, 2, 3, 2, 1);
  }

  @Test
  void rollingBackWhatWasNeverPromotedIsBadInput() {
    assertThatThrownBy(this::rollback).hasMessageContaining("nothing was promoted");
    promote(one);
    assertThatThrownBy(() -> aliases.rollback("support", "champoin", ANYWHERE, ADA))
        .hasMessageContaining("Did you mean 'champion'?");
    assertThatThrownBy(() -> aliases.rollback("suport", "champion", ANYWHERE, ADA))
        .hasMessageContaining("no such model");
  }

  @Test
  void anExpectationThatDoesNotHoldNamesWhatWasExpectedAndFound() {
    promote(one);

    assertThatThrownBy(() -> aliases.promote(wanted(three, new Expectation.On(2), false, PASSED)))
        .isInstanceOf(AliasMoved.class)
        .hasMessage("support@champion was expected on support@2, found on support@1");
    assertThatThrownBy(
            () -> aliases.promote(wanted(three, new Expectation.Nowhere(), false, PASSED)))
        .hasMessage("support@champion was expected on none, found on support@1");
    assertThat(standing()).isEqualTo("support@1");

    aliases.promote(wanted(three, Expectation.on(1), false, PASSED));
    assertThat(standing()).isEqualTo("support@3");
  }

  @Test
  void aPromotionSentTwiceIsMadeOnce() {
    promote(one);
    var first = aliases.promote(wanted(two, new Expectation.On(1), false, PASSED));
    var again = aliases.promote(wanted(two, new Expectation.On(1), false, PASSED));

    assertThat(again).isEqualTo(first);
    assertThat(aliases.history("support", "champion")).hasSize(2);
  }

  @Test
  void aFailedGateRefusesUnlessForcedWithAReason() {
    assertThatThrownBy(() -> aliases.promote(wanted(one, ANYWHERE, false, PASSED, FAILED)))
        .isInstanceOfSatisfying(
            GatesRefused.class, e -> assertThat(e.gates()).containsExactly(PASSED, FAILED))
        .hasMessageContaining("kept (expected at most 5 %, found 12 %)");
    assertThat(standing()).isNull();
    assertThat(aliases.history("support", null)).isEmpty();

    var forced = aliases.promote(wanted(one, ANYWHERE, true, PASSED, FAILED));

    assertThat(forced.forced()).isTrue();
    assertThat(forced.gates()).containsExactly(PASSED, FAILED);
    assertThat(aliases.promote(wanted(two, ANYWHERE, true, PASSED)).forced()).isFalse();
    assertThatThrownBy(() -> new Decision("ada", " ")).isInstanceOf(BadInput.class);
  }

  @Test
  void aProtectedAliasTakesOnlyWhatPassedEveryGate() {
    aliases.protect("support", "champion", ADA);
    assertThat(aliases.guarded("support")).containsExactly("champion");
    assertThat(aliases.current("support")).isEmpty();

    assertThatThrownBy(() -> aliases.promote(wanted(one, ANYWHERE, true, FAILED)))
        .isInstanceOfSatisfying(GatesRefused.class, e -> assertThat(e.guarded()).isTrue());
    assertThatThrownBy(() -> aliases.promote(wanted(one, ANYWHERE, true)))
        .isInstanceOf(GatesRefused.class);
    promote(one);
    promote(two);
    rollback();
    assertThat(standing()).isEqualTo("support@1");

    aliases.unprotect("support", "champion", ADA);
    assertThat(aliases.guarded("support")).isEmpty();
    assertThat(aliases.promote(wanted(three, ANYWHERE, true, FAILED)).forced()).isTrue();
  }

  @Test
  void theHistoryCanBeAskedForAnyTime() {
    promote(one);
    clock.set(NOON.plusSeconds(60));
    promote(two);
    clock.set(NOON.plusSeconds(30)); // a server whose clock is behind
    var third = promote(three);

    assertThat(third.at()).isEqualTo(NOON.plusSeconds(60));
    assertThat(at(NOON.minusNanos(1000))).isNull();
    assertThat(at(NOON)).isEqualTo("support@1");
    assertThat(at(NOON.plusSeconds(59))).isEqualTo("support@1");
    assertThat(at(NOON.plusSeconds(60))).isEqualTo("support@3");
    assertThat(at(NOON.plus(Duration.ofDays(900)))).isEqualTo("support@3");
  }

  private @Nullable String at(Instant time) {
    return aliases.at("support", "champion", time).map(Promotion::version).orElse(null);
  }

  @Test
  void everyChangeIsInTheAuditLog() {
    promote(one);
    assertThatThrownBy(() -> aliases.promote(wanted(two, Expectation.on(1), false, FAILED)))
        .isInstanceOf(GatesRefused.class);
    promote(two);
    rollback();
    aliases.protect("support", "champion", ADA);
    aliases.protect("support", "champion", ADA);

    var log = new AuditLog(database.connect().client(), clock).newest("support", 6);

    assertThat(log)
        .extracting(AuditLog.Entry::action)
        .containsExactly("protect", "rollback", "promote", "refuse", "promote", "register");
    assertThat(log.get(3).subject()).isEqualTo("support@champion");
    assertThat(log.get(3).details()).containsEntry("version", "support@2");
    assertThat(log.get(3).details())
        .containsEntry("failed", "kept (expected at most 5 %, found 12 %)");
  }

  @Test
  void concurrentPromotionsLoseNoUpdate() throws Exception {
    var servers = List.of(aliases, server());
    var heard = new CopyOnWriteArrayList<Promotion>();
    aliases.onChange(heard::add);
    var made = new AtomicInteger();
    var tasks = new ArrayList<Callable<Void>>();
    for (int t = 0; t < 8; t++) {
      int thread = t;
      tasks.add(
          () -> {
            for (int i = 0; i < 20; i++) {
              readThenChange(servers.get(thread % 2), thread + i, made);
            }
            return null;
          });
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var done : threads.invokeAll(tasks)) {
        done.get();
      }
    }
    servers.forEach(s -> s.watch(Duration.ofMillis(20)));

    var history = aliases.history("support", "champion").reversed();
    // A promotion of what another thread has just promoted is answered with that one's row.
    assertThat(history.size()).isPositive().isLessThanOrEqualTo(made.get());
    String before = null;
    long change = 0;
    for (var p : history) {
      assertThat(p.change()).isEqualTo(++change);
      assertThat(p.previous()).isEqualTo(before);
      assertThat(p.version()).isNotEqualTo(before);
      before = p.version();
    }
    var last = history.getLast().number();
    awaitTrue(
        () ->
            heard.size() == history.size()
                && servers.stream()
                    .allMatch(
                        s ->
                            s.resolve("support", "champion")
                                .filter(v -> v.number() == last)
                                .isPresent()));
    assertThat(heard).containsExactlyElementsOf(history);
  }

  /** An update that got lost would break the chain of versions and their previous ones. */
  private void readThenChange(Aliases server, int turn, AtomicInteger made) {
    var version = List.of(one, two, three).get(turn % 3);
    while (true) {
      var standing = server.current("support").get("champion");
      if (standing != null && standing == version.number()) {
        return;
      }
      try {
        server.promote(wanted(version, Expectation.on(standing), false, PASSED));
        made.incrementAndGet();
        return;
      } catch (AliasMoved e) {
        continue; // another one was faster
      }
    }
  }

  @Test
  void anotherServerSeesAChangeWithinASecond() throws Exception {
    var other = server().watch(Duration.ofMillis(250));
    var heard = new CopyOnWriteArrayList<String>();
    other.onChange(p -> heard.add(p.version()));

    promote(one);
    awaitTrue(() -> other.resolve("support", "champion").equals(Optional.of(one)));
    promote(two);
    promote(three);
    awaitTrue(() -> heard.size() == 3);

    assertThat(heard).containsExactly("support@1", "support@2", "support@3");
    assertThat(other.resolve("support", "champion")).contains(three);
  }

  @Test
  void aListenerThatFailsHindersNobody() {
    var heard = new ArrayList<String>();
    aliases.onChange(
        p -> {
          throw new IllegalStateException("deaf");
        });
    aliases.onChange(p -> heard.add(p.version()));

    promote(one);

    assertThat(heard).containsExactly("support@1");
    assertThat(standing()).isEqualTo("support@1");
  }

  @Test
  void namesThatAreNoAliasesAreRefused() {
    for (var bad : List.of("", "3", "Champion", "a b", "x".repeat(64), "a@b", "ä", "a\n")) {
      assertThatThrownBy(() -> new NewPromotion(one, bad, ANYWHERE, ADA, List.of(), false))
          .as(bad)
          .isInstanceOf(BadInput.class);
    }
    for (var bad : List.of("a\0b", "\u001b[31m")) {
      assertThatThrownBy(() -> new Decision("ada", bad)).isInstanceOf(BadInput.class);
    }
    assertThat(new Decision("ada", "two\nlines").reason()).isEqualTo("two\nlines");
    assertThat(Expectation.parse("support@3")).isEqualTo(new Expectation.On(3));
    assertThat(Expectation.parse("3")).isEqualTo(new Expectation.On(3));
    assertThat(Expectation.parse("none")).isEqualTo(new Expectation.Nowhere());
    assertThatThrownBy(() -> Expectation.parse("x")).isInstanceOf(BadInput.class);
  }

  private static void awaitTrue(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 500 && !condition.getAsBoolean(); i++) {
      Thread.sleep(20);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private static final class Settable extends Clock {
    private volatile Instant now = NOON;

    void set(Instant now) {
      this.now = now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
