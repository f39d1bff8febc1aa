package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.JournalTail;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What happened in a job: told from its directory and its run's journal whenever it is asked. */
final class JobHistory {
  private final FineTuning jobs;
  private final Finetunes runs;
  private final RunRegistry registry;
  private final JobFigures figures;

  JobHistory(FineTuning jobs, Finetunes runs, RunRegistry registry, JobFigures figures) {
    this.jobs = jobs;
    this.runs = runs;
    this.registry = registry;
    this.figures = figures;
  }

  /** As OpenAI writes it; {@code type} is "message" or "metrics". */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Event(
      String id,
      String object,
      long created_at,
      String level,
      String message,
      String type,
      Map<String, Object> data) {}

  /** As OpenAI writes it. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Checkpoint(
      String id,
      String object,
      long created_at,
      String fine_tuned_model_checkpoint,
      String fine_tuning_job_id,
      Map<String, Object> metrics,
      long step_number) {}

  /** Newest first. */
  List<Event> events(JobDirectory job) {
    var told = new Telling(job);
    var spec = job.spec();
    told.say("created", spec.createdAt(), "Created fine-tuning job: " + job.id());
    told.say("validating", spec.createdAt(), "Validating training file: " + spec.trainingFile());
    job.built().ifPresent(built -> built(told, built));
    var run = jobs.run(job);
    if (run != null) {
      var tail = JournalTail.after(runs.find(run.id()).journal(), 0);
      tail.poll().forEach(record -> record(told, record));
    }
    ending(told, job, run);
    return told.events.reversed();
  }

  private static void built(Telling told, JobDirectory.Built built) {
    for (int i = 0; i < built.notes().size(); i++) {
      told.add("note" + i, built.at(), "warn", built.notes().get(i), Map.of());
    }
    told.say(
        "validated",
        built.at(),
        String.format(
            Locale.ROOT,
            "Files validated: %,d examples, %,d tokens, %,d examples for validation (dataset %s). Moving job to queued state",
            built.examples(),
            built.tokens(),
            built.validationExamples(),
            built.dataset()));
  }

  private static void record(Telling told, JournalRecord record) {
    var id = "j%07d".formatted(record.seq());
    var step = record.number("step").map(Double::longValue).orElse(0L);
    switch (record.type()) {
      case "started" -> {
        boolean resumed = Boolean.TRUE.equals(record.fields().get("resumed"));
        told.say(id, record.at(), resumed ? "Fine-tuning job goes on" : "Fine-tuning job started");
      }
      case "step" -> {
        var steps = record.number("steps").map(Double::longValue).orElse(0L);
        told.metrics(
            id, record, "Step %d/%d: training loss=%s".formatted(step, steps, loss(record)));
      }
      case "eval" ->
          told.metrics(
              id, record, "Step %d: validation loss=%s".formatted(step, loss(record)), "eval");
      case "checkpoint" ->
          told.add(
              id, record.at(), "info", "Checkpoint created at step " + step, Map.of("step", step));
      case "event" ->
          told.add(
              id,
              record.at(),
              level(record.text("level").orElse("info")),
              record.text("message").orElse(""),
              Map.of());
      case "ended" -> {
        var state = record.text("state").orElse("failed");
        if (state.equals("paused") || state.equals("stopped")) {
          told.say(id, record.at(), "Fine-tuning job " + state + " at step " + step);
        }
      }
      default -> {
        // estimates, samples and cuts are Lathe's own: GET /api/runs/ID/journal tells them
      }
    }
  }

  private static String level(String journal) {
    return switch (journal) {
      case "warning", "warn" -> "warn";
      case "error" -> "error";
      default -> "info";
    };
  }

  private static String loss(JournalRecord record) {
    return record.number("loss").map("%.4f"::formatted).orElse("-");
  }

  private void ending(Telling told, JobDirectory job, @Nullable RunView run) {
    var state = jobs.state(job, run);
    switch (state) {
      case SUCCEEDED -> {
        if (run != null) {
          var at = ended(run).orElse(run.createdAt());
          told.say("model", at, "New fine-tuned model created: " + run.version());
          told.say("succeeded", at, "The job has successfully completed");
        }
      }
      case FAILED ->
          job.failure()
              .ifPresent(
                  f ->
                      told.add(
                          "failed",
                          f.at(),
                          "error",
                          "The job failed: " + f.message(),
                          Map.of("error_code", f.code())));
      case CANCELLED ->
          job.asked().ifPresent(a -> told.say("cancelled", a.at(), "The job was cancelled"));
      case PAUSED -> job.asked().ifPresent(a -> told.say("paused", a.at(), "The job is paused"));
      case VALIDATING_FILES, QUEUED, RUNNING -> {
        // more is to come
      }
    }
  }

  /** When its journal says that it ended. */
  Optional<Instant> ended(RunView run) {
    return registry.events(run.id(), 0).reversed().stream()
        .filter(e -> e.type().equals("ended"))
        .findFirst()
        .map(e -> e.at());
  }

  /** Newest first; those that still lie on the disk. */
  List<Checkpoint> checkpoints(JobDirectory job) {
    var run = job.spec().run();
    if (!runs.knows(run)) {
      return List.of();
    }
    var times = new TreeMap<Long, Instant>();
    for (var event : registry.events(run, 0)) {
      if (event.type().equals("checkpoint") && event.fields().get("step") instanceof Number step) {
        times.put(step.longValue(), event.at());
      }
    }
    var metrics = figures.metrics(run);
    var all = new ArrayList<Checkpoint>();
    for (var there : runs.show(run).checkpoints().reversed()) {
      var told = new LinkedHashMap<String, Object>();
      told.put("step", there.step());
      told.putAll(metrics.getOrDefault(there.step(), Map.of()));
      all.add(
          new Checkpoint(
              "ftckpt-%s-%d".formatted(job.id().substring("ftjob-".length()), there.step()),
              "fine_tuning.job.checkpoint",
              times.getOrDefault(there.step(), job.spec().createdAt()).getEpochSecond(),
              CheckpointTargets.name(job.spec(), there.step()),
              job.id(),
              told,
              there.step()));
    }
    return all;
  }

  /** Events in the making. */
  private static final class Telling {
    private final JobDirectory job;
    private final List<Event> events = new ArrayList<>();

    Telling(JobDirectory job) {
      this.job = job;
    }

    void say(String id, Instant at, String message) {
      add(id, at, "info", message, Map.of());
    }

    void add(String id, Instant at, String level, String message, Map<String, Object> data) {
      add(id, at, level, message, "message", data);
    }

    void metrics(String id, JournalRecord record, String message) {
      metrics(id, record, message, "");
    }

    /** With every number of the record, under OpenAI's names where it has one. */
    void metrics(String id, JournalRecord record, String message, String prefix) {
      var data = new LinkedHashMap<String, Object>();
      record
          .fields()
          .forEach(
              (field, value) -> {
                if (value instanceof Number n && Double.isFinite(n.doubleValue())) {
                  data.put(curve(prefix, field), n);
                }
              });
      add(id, record.at(), "info", message, "metrics", data);
    }

    private static String curve(String prefix, String field) {
      if (prefix.isEmpty() || field.equals("step")) {
        return JobFigures.name(field);
      }
      return JobFigures.name(
          prefix + field.substring(0, 1).toUpperCase(Locale.ROOT) + field.substring(1));
    }

    private void add(
        String id,
        Instant at,
        String level,
        String message,
        String type,
        Map<String, Object> data) {
      events.add(
          new Event(
              "ftevent-" + job.id().substring("ftjob-".length()) + "-" + id,
              "fine_tuning.job.event",
              at.getEpochSecond(),
              level,
              message,
              type,
              data));
    }
  }
}
