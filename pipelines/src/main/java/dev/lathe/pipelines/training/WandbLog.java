package dev.lathe.pipelines.training;

import dev.lathe.pipelines.supervision.RunSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run as the client of W&amp;B leaves it behind when it is offline, for {@code wandb sync} to
 * upload: {@code offline-run-TIME-ID/run-ID.wandb}, records of wandb_internal.proto in a {@link
 * LevelLog}. There is one row of history a step. A run that goes on cuts off what a process that
 * died left half written, and the steps that are done again.
 */
final class WandbLog implements Tracker {
  private static final String PROJECT = "lathe";
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd_HHmmss").withZone(ZoneOffset.UTC);

  /** Field numbers of wandb_internal.proto: what a record is of. */
  private static final int NUM = 1;

  private static final int HISTORY = 2;
  private static final int SUMMARY = 3;
  private static final int RUN = 17;
  private static final int EXIT = 18;
  private static final int HEADER = 21;

  /** Of items of a configuration, of history and of a summary. */
  private static final int KEY = 1;

  private static final int VALUE_JSON = 16;
  private static final int ITEM = 1;
  private static final int HISTORY_STEP = 2;

  private final LevelLog log;
  private final Clock clock;

  /** Of the rows so far: the last value of every figure, as JSON. */
  private final Map<String, String> summary = new TreeMap<>();

  private final Map<String, String> row = new LinkedHashMap<>();
  private long rowStep = -1;
  private long lastStep = -1;
  private long records;
  private double seconds;
  private boolean over;

  private WandbLog(LevelLog log, Clock clock) {
    this.log = log;
    this.clock = clock;
  }

  /**
   * Begins the run's file, or goes on with it.
   *
   * @param folder where offline runs lie; made when it is not there
   * @param from the step behind which the run goes on; 0 begins anew
   */
  static WandbLog open(Path folder, RunSpec spec, long from, Clock clock) {
    try {
      var there = find(folder, spec);
      var run =
          there.orElseGet(
              () ->
                  folder.resolve(
                      "offline-run-%s-%s".formatted(TIME.format(clock.instant()), spec.id())));
      Files.createDirectories(run.resolve("files"));
      var file = run.resolve("run-" + spec.id() + ".wandb");
      return from > 0 && Files.exists(file) ? goOn(file, from, clock) : begin(file, spec, clock);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static Optional<Path> find(Path folder, RunSpec spec) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (var runs = Files.list(folder)) {
      return runs.filter(r -> String.valueOf(r.getFileName()).endsWith("-" + spec.id()))
          .findFirst();
    }
  }

  private static WandbLog begin(Path file, RunSpec spec, Clock clock) throws IOException {
    var log = new WandbLog(LevelLog.begin(file), clock);
    log.record(HEADER, new ProtoMessage().message(1, new ProtoMessage().text(1, "lathe")));
    log.record(RUN, run(spec, clock.instant()));
    return log;
  }

  private static WandbLog goOn(Path file, long from, Clock clock) throws IOException {
    var read = new Read(from);
    var log = new WandbLog(LevelLog.goOn(file, read::wants), clock);
    log.records = read.records;
    log.lastStep = read.lastStep;
    log.summary.putAll(read.summary);
    return log;
  }

  /** What stands in a file up to a step, as far as going on asks for it. */
  private static final class Read {
    private final long from;
    private final Map<String, String> summary = new TreeMap<>();
    private long records;
    private long lastStep = -1;

    Read(long from) {
      this.from = from;
    }

    /** Whether a record is to stay: the first row behind the step ends it, or the run's end. */
    boolean wants(byte[] bytes) {
      var record = ProtoMessage.read(bytes);
      if (record.stream().anyMatch(f -> f.field() == EXIT || f.field() == SUMMARY)) {
        return false;
      }
      var history = ProtoMessage.last(record, HISTORY);
      if (history.isPresent()) {
        var fields = ProtoMessage.read(history.get().content());
        long step =
            ProtoMessage.last(fields, HISTORY_STEP)
                .flatMap(s -> ProtoMessage.last(ProtoMessage.read(s.content()), 1))
                .map(ProtoMessage.Field::number)
                .orElse(0L);
        if (step > from) {
          return false;
        }
        lastStep = step;
        fields.stream().filter(f -> f.field() == ITEM).forEach(this::item);
      }
      records++;
      return true;
    }

    private void item(ProtoMessage.Field item) {
      var fields = ProtoMessage.read(item.content());
      var key = ProtoMessage.last(fields, KEY);
      var value = ProtoMessage.last(fields, VALUE_JSON);
      if (key.isPresent() && value.isPresent()) {
        summary.put(key.get().text(), value.get().text());
      }
    }
  }

  private static ProtoMessage run(RunSpec spec, Instant now) {
    var values = new LinkedHashMap<String, Object>(spec.recipe());
    values.put("base", spec.base().name());
    values.put("dataset", spec.dataset().ref());
    values.put("model", spec.model());
    values.put("run", spec.id());
    values.put("lathe", spec.codeVersion());
    values.put("_wandb", Map.of());
    var config = new ProtoMessage();
    values.forEach((key, value) -> config.message(1, item(key, JSON.writeValueAsString(value))));
    var run =
        new ProtoMessage()
            .text(1, spec.id())
            .text(3, PROJECT)
            .message(4, config)
            .text(8, spec.model() + " " + spec.id());
    var trial = spec.trial();
    if (trial != null) {
      run.text(6, trial.sweep());
    }
    var time = new ProtoMessage().number(1, now.getEpochSecond()).number(2, now.getNano());
    return run.message(17, time);
  }

  private static ProtoMessage item(String key, String json) {
    return new ProtoMessage().text(KEY, key).text(VALUE_JSON, json);
  }

  @Override
  public void scalars(String group, Map<String, ?> record) {
    long step = record.get("step") instanceof Number n ? n.longValue() : 0;
    if (step != rowStep) {
      settle();
      rowStep = step;
    }
    record.forEach(
        (name, value) -> {
          if (value instanceof Number n && !name.equals("step") && !name.equals("steps")) {
            row.put(group + "/" + name, json(n));
          }
        });
    if (record.get("seconds") instanceof Number n) {
      seconds = n.doubleValue();
    }
  }

  /** As JSON, or as Python's reader takes it where JSON has no word. */
  private static String json(Number n) {
    double value = n.doubleValue();
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    return n.toString();
  }

  /** Writes the row under way; a step that stands in the file already is not written again. */
  @Override
  public void settle() {
    if (rowStep > lastStep) {
      var now = clock.instant();
      row.put("_step", Long.toString(rowStep));
      row.put("_runtime", Double.toString(seconds));
      row.put("_timestamp", Double.toString(now.getEpochSecond() + now.getNano() / 1e9));
      var history = new ProtoMessage();
      row.forEach((key, json) -> history.message(ITEM, item(key, json)));
      history.message(HISTORY_STEP, new ProtoMessage().number(1, rowStep));
      record(HISTORY, history);
      summary.putAll(row);
      lastStep = rowStep;
    }
    row.clear();
    rowStep = -1;
  }

  @Override
  public void ended() {
    end(0);
  }

  /** Nobody said that the run ended: it failed. */
  @Override
  public void close() {
    try (log) {
      end(1);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void end(int status) {
    if (over) {
      return;
    }
    over = true;
    settle();
    var last = new ProtoMessage();
    summary.forEach((key, json) -> last.message(1, item(key, json)));
    record(SUMMARY, last);
    record(EXIT, new ProtoMessage().number(1, status).number(2, (long) seconds));
  }

  private void record(int kind, ProtoMessage content) {
    try {
      log.append(new ProtoMessage().number(NUM, ++records).message(kind, content).bytes());
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static UncheckedIOException failed(IOException e) {
    return new UncheckedIOException("cannot write for W&B: " + e.getMessage(), e);
  }
}
