package dev.lathe.registry.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What runs and their journals' import promise, on every database. */
abstract class RunRegistryContract {
  private static final String ID = "20261121-1530-k7qd";
  private static final Instant NOW = Instant.parse("2026-11-21T15:30:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  @TempDir Path folder;
  private final List<TestDatabase> opened = new ArrayList<>();
  private Database database;

  /** A fresh database. */
  abstract TestDatabase fresh(Path folder);

  @BeforeEach
  void open() {
    database = new Database();
    database.imports.describe(description(ID), "start");
  }

  @AfterEach
  void close() {
    opened.forEach(TestDatabase::close);
  }

  @Test
  void knowsAQueuedRunBeforeItDidAnything() {
    var run = database.registry.show(ID).orElseThrow();

    assertThat(run.state()).isEqualTo(RunState.QUEUED);
    assertThat(run.recipe()).containsEntry("rank", 8);
    assertThat(run.steps()).isNull();
    assertThat(run.tokensPerSecond()).isNull();
    assertThat(run.version()).isNull();
    assertThat(database.registry.show("unknown")).isEmpty();
  }

  @Test
  void foldsAJournalIntoWhatShowSays() {
    var after = database.imports.take(ID, journal(), "end");
    database.imports.observe(ID, RunState.COMPLETED, null, 812L);

    var run = database.registry.show(ID).orElseThrow();
    assertThat(after.endedLast()).isTrue();
    assertThat(after.endedState()).isEqualTo(RunState.COMPLETED);
    assertThat(run.state()).isEqualTo(RunState.COMPLETED);
    assertThat(run.step()).isEqualTo(10);
    assertThat(run.steps()).isEqualTo(10);
    assertThat(run.tokens()).isEqualTo(1000);
    assertThat(run.labelTokens()).isEqualTo(400);
    assertThat(run.tokensPerSecond()).isEqualTo(200.0);
    assertThat(run.loss()).isEqualTo(0.1);
    assertThat(run.evalLossBefore()).isEqualTo(3.0);
    assertThat(run.evalLoss()).isEqualTo(1.5);
    assertThat(run.peakRssMiB()).isEqualTo(812);
    assertThat(run.checkpoints()).containsExactly(new RunView.CheckpointView(5, 4096));
    assertThat(run.adapterSha256()).isEqualTo("ef");
    assertThat(run.exact()).isTrue();
    assertThat(database.registry.curves(ID)).contains("loss", "evalLoss", "learningRate");
    assertThat(database.registry.events(ID, 0))
        .extracting(RunEvent::type)
        .containsExactly("started", "checkpoint", "event", "ended");
  }

  @Test
  void takesEachRecordOnceHoweverOftenItIsOffered() {
    var all = journal();
    database.imports.take(ID, all.subList(0, 7), "seven");
    var whole = database.imports.take(ID, all, "end");

    assertThat(database.imports.take(ID, all, "end")).isEqualTo(whole);
    assertThat(whole).isEqualTo(new Database().with(all).imports.imported(ID));
    assertThat(database.registry.series(ID, "loss", 100)).hasSize(10);
  }

  @Test
  void aResumeTakesBackTheStepsBehindItsCheckpoint() {
    var records = new ArrayList<>(journal().subList(0, 9));
    long seq = records.getLast().seq();
    records.add(record(seq + 1, "started", Map.of("fromStep", 5, "steps", 10, "exact", false)));
    records.add(step(seq + 2, 6, 99.0));

    database.imports.take(ID, records, "end");

    assertThat(database.registry.series(ID, "loss", 100))
        .extracting(Point::step)
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    assertThat(database.registry.series(ID, "loss", 100).getLast().value()).isEqualTo(99.0);
    var run = database.registry.show(ID).orElseThrow();
    assertThat(run.step()).isEqualTo(6);
    assertThat(run.exact()).isFalse();
  }

  @Test
  void importsAnotherJournalFromItsStart() {
    database.imports.take(ID, journal(), "end");
    database.imports.forget(ID, "start");
    database.imports.take(ID, journal().subList(0, 4), "four");

    assertThat(database.registry.series(ID, "loss", 100)).hasSize(2);
    assertThat(database.imports.imported(ID))
        .isEqualTo(new Database().with(journal().subList(0, 4), "four").imports.imported(ID));
  }

  @Test
  void refusesRecordsOfARunItDoesNotKnow() {
    assertThatThrownBy(() -> database.imports.take("other", journal(), "end"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void tellsWhichRunsWereWrittenDownSince() {
    database.imports.take(ID, journal(), "end");

    assertThat(database.registry.changedSince(NOW))
        .isEqualTo(database.registry.list())
        .extracting(RunView::id)
        .containsExactly(ID);
    assertThat(database.registry.changedSince(NOW.plusSeconds(1))).isEmpty();
  }

  @Test
  void aThinnedCurveKeepsTheMeansThatASmoothedLineIsMadeOf() {
    var records = new ArrayList<RunRecord>();
    for (int i = 1; i <= 1_000; i++) {
      records.add(step(i, i, i % 2 == 0 ? 3.0 : 1.0));
    }
    database.imports.take(ID, records, "end");

    var curves = database.registry.thinned(ID, List.of("loss", "none"), 100);

    assertThat(curves).containsOnlyKeys("loss");
    var curve = curves.values().iterator().next();
    assertThat(curve.points()).hasSizeBetween(50, 102);
    assertThat(curve.means().stream().mapToLong(Curve.Mean::count).sum()).isEqualTo(1_000);
    assertThat(curve.means()).allSatisfy(m -> assertThat(m.value()).isBetween(1.8, 2.2));
    var whole = database.registry.thinned(ID, List.of("loss"), 2_000).values().iterator().next();
    assertThat(whole.means()).isEmpty();
  }

  @Test
  void thinsALongSeriesWithoutLosingItsPeaks() {
    var records = new ArrayList<RunRecord>();
    for (int i = 1; i <= 6_000; i++) {
      records.add(step(i, i, i == 4_321 ? 1000.0 : i == 1_789 ? -5 : 1.0 / i));
    }
    long begin = System.nanoTime();
    for (int i = 0; i < records.size(); i += 1000) {
      database.imports.take(ID, records.subList(i, i + 1000), "at " + i);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;

    var series = database.registry.series(ID, "loss", 200);

    assertThat(series.size()).isBetween(100, 204);
    assertThat(series).isSortedAccordingTo((a, b) -> Long.compare(a.step(), b.step()));
    assertThat(series).contains(new Point(4_321, 1000.0), new Point(1_789, -5));
    assertThat(series.getFirst()).isEqualTo(new Point(1, 1.0));
    assertThat(series.getLast().step()).isEqualTo(6_000);
    assertThat(seconds).isLessThan(20);
  }

  @Test
  void keepsALossThatIsNoNumber() {
    database.imports.take(ID, List.of(record(1, "step", Map.of("step", 1, "loss", "NaN"))), "end");

    assertThat(database.registry.show(ID).orElseThrow().loss()).isNaN();
    assertThat(database.registry.series(ID, "loss", 10).getFirst().value()).isNaN();
  }

  @Test
  void keepsAnErrorWithACharacterThatSomeDatabasesRefuse() {
    database.imports.observe(ID, RunState.FAILED, "killed\0 by \uD800 a signal", null);
    database.imports.take(
        ID,
        List.of(record(1, "ended", Map.of("state", "failed", "step", 1, "error", "a\0b"))),
        "end");

    var run = database.registry.show(ID).orElseThrow();
    assertThat(run.error()).startsWith("killed").endsWith("a signal");
    assertThat(run.peakRssMiB()).isNull();
  }

  /**
   * Started, validation, ten steps with a checkpoint at 5, an event, the last validation, ended.
   */
  private static List<RunRecord> journal() {
    var records = new ArrayList<RunRecord>();
    records.add(record(1, "started", Map.of("fromStep", 0, "steps", 10, "exact", true)));
    records.add(record(2, "eval", Map.of("step", 0, "loss", 3.0)));
    for (int i = 1; i <= 10; i++) {
      records.add(step(records.size() + 1, i, 1.0 / i));
      if (i == 5) {
        records.add(record(8, "checkpoint", Map.of("step", 5, "bytes", 4096)));
      }
    }
    records.add(record(14, "event", Map.of("level", "info", "message", "almost")));
    records.add(record(15, "eval", Map.of("step", 10, "loss", 1.5)));
    records.add(
        record(16, "ended", Map.of("state", "completed", "step", 10, "adapterSha256", "ef")));
    return records;
  }

  private static RunRecord step(long seq, int step, double loss) {
    return record(
        seq,
        "step",
        Map.of(
            "step",
            step,
            "steps",
            10,
            "loss",
            loss,
            "learningRate",
            2e-4,
            "tokens",
            100 * step,
            "labelTokens",
            40 * step,
            "seconds",
            0.5 * step));
  }

  private static RunRecord record(long seq, String type, Map<String, Object> fields) {
    return new RunRecord(seq, NOW.plusSeconds(seq), type, fields);
  }

  private static RunDescription description(String id) {
    return new RunDescription(
        id, "support", "tiny", "ab", "desk@1", Map.of("rank", 8, "steps", 10), NOW, null);
  }

  private final class Database {
    private final RunImport imports;
    private final RunRegistry registry;

    Database() {
      var kept = fresh(folder);
      opened.add(kept);
      var connected = kept.connect();
      imports = new RunImport(connected.template(), connected.transactions(), CLOCK);
      registry = new RunRegistry(connected.client());
    }

    Database with(List<RunRecord> records) {
      return with(records, "end");
    }

    Database with(List<RunRecord> records, String position) {
      imports.describe(description(ID), "start");
      imports.take(ID, records, position);
      return this;
    }
  }
}
