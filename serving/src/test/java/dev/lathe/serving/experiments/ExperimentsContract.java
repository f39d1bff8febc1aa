package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.serving.experiments.ExperimentReport.ArmReport;
import dev.lathe.serving.feedback.AnsweredRequest;
import dev.lathe.serving.feedback.Feedback;
import dev.lathe.serving.feedback.Reward;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What experiments and feedback promise on every database that the product runs on. */
abstract class ExperimentsContract {
  private static final Instant NOW = Instant.parse("2026-11-21T12:00:00.123456789Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final List<Arm> ARMS =
      List.of(new Arm("support@champion", 1), new Arm("smollm2", 1));

  private Database database;
  private Experiments experiments;

  abstract Database open();

  @BeforeEach
  void start() {
    database = open();
    experiments = server(database);
  }

  @AfterEach
  void end() {
    experiments.close();
    database.close();
  }

  private static Experiments server(Database database) {
    return new Experiments(database.jdbc(), database.transactions(), new Known(), CLOCK);
  }

  /** Two targets, a base among them. */
  private record Known() implements TargetNames {
    private static final Set<String> NAMES = Set.of("support@champion", "smollm2", "lab:big");

    @Override
    public void require(String target) {
      if (!NAMES.contains(target)) {
        throw new BadInput("no such model", target, DidYouMean.remedy(target, NAMES));
      }
    }

    @Override
    public Optional<String> bearer(String name) {
      return name.equals("smollm2") ? Optional.of("a base") : Optional.empty();
    }
  }

  @Test
  void whatWasStartedIsThereAfterARestart() {
    var started = experiments.start("voice", ARMS);
    experiments.stop(
        experiments.start("old", List.of(new Arm("smollm2", 9), new Arm("lab:big", 1))).id());

    try (var again = server(database)) {
      assertThat(again.find("voice")).contains(started);
      assertThat(again.list()).hasSize(2).isEqualTo(experiments.list());
      assertThat(again.find("old").orElseThrow().endedAt()).isEqualTo(started.startedAt());
      for (int i = 0; i < 50; i++) {
        assertThat(again.assign("voice", "u-" + i))
            .isEqualTo(experiments.assign("voice", "u-" + i));
      }
    }
  }

  @Test
  void aNameThatIsTakenOrATargetThatIsNotThereIsRefused() {
    assertThatThrownBy(() -> experiments.start("smollm2", ARMS))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("belongs to a base");
    assertThatThrownBy(
            () -> experiments.start("voice", List.of(ARMS.getFirst(), new Arm("smolm2", 1))))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("Did you mean 'smollm2'?");
    experiments.start("voice", ARMS);
    assertThatThrownBy(
            () -> experiments.start("more", List.of(ARMS.getFirst(), new Arm("voice", 1))))
        .hasMessageContaining("cannot be an arm");
    assertThatThrownBy(() -> experiments.start("voice", List.of(ARMS.getLast(), ARMS.getFirst())))
        .isInstanceOf(ExperimentConflict.class);
    assertThat(experiments.list()).hasSize(1);
  }

  @Test
  void startingTheSameAgainFindsIt() {
    var started = experiments.start("voice", ARMS);
    assertThat(experiments.start("voice", ARMS)).isEqualTo(started);
    experiments.stop("voice");
    assertThatThrownBy(() -> experiments.start("voice", ARMS))
        .isInstanceOf(ExperimentConflict.class);
  }

  @Test
  void otherWeightsBeginAPhaseInWhichEverybodyIsAssignedAnew() {
    experiments.start("voice", ARMS);
    var before = arms("voice");

    assertThat(experiments.weigh("voice", Map.of("smollm2", 1.0)).phase()).isEqualTo(1);
    assertThat(arms("voice")).isEqualTo(before);

    var weighed = experiments.weigh("voice", Map.of("smollm2", 3.0));
    assertThat(weighed.phase()).isEqualTo(2);
    assertThat(weighed.arms()).extracting(Arm::weight).containsExactly(1.0, 3.0);
    var after = arms("voice");
    long second = after.stream().filter(a -> a == 1).count();
    assertThat(second).isBetween(690L, 810L);
    long moved = IntStream.range(0, 1000).filter(i -> !before.get(i).equals(after.get(i))).count();
    assertThat(moved).as("half of them, as by a new throw").isBetween(440L, 560L);

    assertThat(experiments.show("voice", 1).arms()).extracting(ArmReport::weight).containsOnly(1.0);
    assertThat(experiments.show("voice", null).phase()).isEqualTo(2);
    assertThatThrownBy(() -> experiments.show("voice", 3)).hasMessageContaining("phases 1 to 2");
    assertThatThrownBy(() -> experiments.weigh("voice", Map.of("smolm2", 1.0)))
        .hasMessageContaining("Did you mean 'smollm2'?");
    assertThatThrownBy(() -> experiments.weigh("voice", Map.of("smollm2", 0.0)))
        .isInstanceOf(BadInput.class);
  }

  @Test
  void aStoppedExperimentsNameIsAnsweredByItsFirstArmAndNotCounted() {
    experiments.start("voice", ARMS);
    var stopped = experiments.stop("voice");
    assertThat(stopped.state()).isEqualTo(ExperimentState.STOPPED);
    assertThat(experiments.stop("voice")).isEqualTo(stopped);
    assertThat(experiments.assign("voice", "u-1"))
        .contains(new Assignment("voice", 1, 0, "support@champion", false));
    assertThat(experiments.counts("voice", NOW.minusSeconds(1))).isTrue();
    assertThat(experiments.counts("voice", NOW.plusSeconds(1))).isFalse();
    assertThatThrownBy(() -> experiments.weigh("voice", Map.of("smollm2", 3.0)))
        .isInstanceOf(ExperimentConflict.class);
    assertThat(experiments.assign("unknown", "u-1")).isEmpty();
    assertThatThrownBy(() -> experiments.stop("voic"))
        .hasMessageContaining("Did you mean 'voice'?");
  }

  @Test
  void anotherServerSeesAChangeWithinASecond() throws Exception {
    try (var elsewhere = database.again();
        var other = server(elsewhere)) {
      experiments.start("voice", ARMS);
      within(() -> other.find("voice").isPresent());
      assertThat(other.assign("voice", "u-7")).isEqualTo(experiments.assign("voice", "u-7"));
      other.weigh("voice", Map.of("smollm2", 3.0));
      within(() -> experiments.find("voice").orElseThrow().phase() == 2);
      experiments.stop("voice");
      assertThat(other.stop("voice")).isEqualTo(experiments.find("voice").orElseThrow());
    }
  }

  /** The promise is a second; a busy machine gets more. */
  private static void within(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("ten seconds").isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  @Test
  void changesAtTheSameTimeFollowOneAnother() throws Exception {
    experiments.start("voice", ARMS);
    try (var elsewhere = database.again();
        var other = server(elsewhere)) {
      var all =
          IntStream.range(0, 20)
              .mapToObj(
                  i ->
                      CompletableFuture.supplyAsync(
                          () -> {
                            try {
                              return (i % 2 == 0 ? experiments : other)
                                  .weigh("voice", Map.of("smollm2", 2.0 + i))
                                  .phase();
                            } catch (ExperimentConflict lost) {
                              return 0;
                            }
                          }))
              .toList();
      var phases = new HashSet<Integer>();
      int done = 0;
      for (var one : all) {
        int phase = one.get();
        done += phase > 0 ? 1 : 0;
        phases.add(phase);
      }
      phases.remove(0);
      assertThat(phases).as("no phase is given twice").hasSize(done);
      assertThat(experiments.weigh("voice", Map.of("smollm2", 99.0)).phase()).isEqualTo(done + 2);
    }
  }

  @Test
  void exposuresAreToldByArm() {
    experiments.start("voice", ARMS);
    int n = 0;
    for (int subject = 0; subject < 20; subject++) {
      for (int ask = 0; ask < 5; ask++) {
        request("a" + n++, 1, 0, "s" + subject, 200, null, 100 + ask, 0.01, NOW);
      }
    }
    request("late", 1, 0, "s99", 200, null, 100, 0.01, NOW.plusSeconds(60));
    request("b0", 1, 1, "t0", 200, null, 400, 0.5, NOW);
    request("b1", 1, 1, "t1", 200, null, 500, null, NOW);
    request("b2", 1, 1, "t1", 503, "no upstream", 1, null, NOW);
    request("b3", 1, 1, "t2", 200, "broke off", 2, null, NOW);
    request("b4", 1, 1, "t2", 499, "the client left", 2, null, NOW);
    request("p2", 2, 1, "t9", 200, null, 2, null, NOW);

    var running = experiments.show("voice", null);
    assertThat(running.arms().getFirst().exposures()).isEqualTo(101);
    experiments.stop("voice");
    var report = experiments.show("voice", null);

    var first = report.arms().getFirst();
    assertThat(first.subjects()).isEqualTo(20);
    assertThat(first.exposures()).as("what came after the end is none").isEqualTo(100);
    assertThat(first.errors()).isZero();
    assertThat(first.latencyMs().p50()).isEqualTo(102);
    assertThat(first.latencyMs().p95()).isEqualTo(104);
    assertThat(first.cost()).isCloseTo(1, Offset.offset(1e-9));
    var second = report.arms().getLast();
    assertThat(second.subjects()).isEqualTo(3);
    assertThat(second.exposures()).isEqualTo(5);
    assertThat(second.errors()).isEqualTo(2);
    assertThat(second.latencyMs().p50()).isEqualTo(450);
    assertThat(second.cost()).as("one price is unknown").isNull();
    assertThat(second.mean()).isNull();
    assertThat(report.sampleRatio().mismatch()).isFalse();
  }

  @Test
  void theLastWordOnAnAnswerCountsAndEveryWordIsKept() {
    experiments.start("voice", ARMS);
    var feedback = feedback();
    feedback.post("0:s1:x", new Reward.Thumb(false), "no");
    feedback.post("0:s1:y", new Reward.Thumb(true), null);
    feedback.post("0:s1:x", new Reward.Rating(5), "on second thoughts");
    feedback.post("0:s2:x", new Reward.Value(0.5), null);
    feedback.post("1:s3:x", new Reward.Thumb(true), null);
    feedback.post("1:s3:x", new Reward.Thumb(false), null);

    var report = experiments.show("voice", null);

    assertThat(report.arms()).extracting(ArmReport::feedback).containsExactly(3L, 1L);
    assertThat(report.arms()).extracting(ArmReport::raters).containsExactly(2L, 1L);
    assertThat(report.arms().getFirst().mean()).isEqualTo(0.75);
    assertThat(report.arms().getLast().mean()).isEqualTo(0);
    assertThat(report.difference().mean()).isEqualTo(-0.75);
    assertThat(database.jdbc().sql("SELECT COUNT(*) FROM feedback").query(Long.class).single())
        .isEqualTo(6);
    assertThat(feedback.post("unknown", new Reward.Thumb(true), null)).isEmpty();
  }

  @Test
  void aDifferenceThatIsThereIsFound() {
    experiments.start("voice", ARMS);
    var feedback = feedback();
    for (int i = 0; i < 60; i++) {
      int arm = experiments.assign("voice", "s" + i).orElseThrow().arm();
      request("r" + i, 1, arm, "s" + i, 200, null, 10, null, NOW);
      feedback.post(arm + ":s" + i + ":r", new Reward.Thumb(arm == 1 || i % 4 == 0), null);
    }
    var report = experiments.show("voice", null);
    assertThat(report.difference().low()).isPositive();
    assertThat(report.verdict()).startsWith("smollm2 is better than support@champion by 0.");
  }

  /** Answers are {@code arm:subject:anything}. */
  private Feedback feedback() {
    return new Feedback(
        database.jdbc(),
        id -> {
          var parts = id.split(":");
          return parts.length < 3
              ? Optional.empty()
              : Optional.of(
                  new AnsweredRequest("t", "voice", 1, Integer.parseInt(parts[0]), parts[1]));
        },
        CLOCK);
  }

  private List<Integer> arms(String id) {
    return IntStream.range(0, 1000)
        .mapToObj(i -> experiments.assign(id, "u-" + i).orElseThrow().arm())
        .toList();
  }

  private void request(
      String id,
      int phase,
      int arm,
      String subject,
      int status,
      @Nullable String error,
      double latency,
      @Nullable Double cost,
      Instant at) {
    database
        .jdbc()
        .sql(
            "INSERT INTO requests (id, at, asked, target, experiment, phase, arm, subject, streamed,"
                + " status, error, latency_ms, cost) VALUES (?, ?, 'voice', 't', 'voice', ?, ?, ?,"
                + " FALSE, ?, ?, ?, ?)")
        .params(
            Arrays.asList(
                id,
                ExperimentTable.time(at.minusSeconds(1)),
                phase,
                arm,
                subject,
                status,
                error,
                latency,
                cost))
        .update();
  }
}
