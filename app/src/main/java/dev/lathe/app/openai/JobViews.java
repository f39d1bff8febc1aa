package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.registry.runs.RunView;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Jobs as OpenAI writes them. */
final class JobViews {
  private final FineTuning jobs;
  private final JobHistory history;
  private final Clock clock;

  JobViews(FineTuning jobs, JobHistory history, Clock clock) {
    this.jobs = jobs;
    this.history = history;
    this.clock = clock;
  }

  /** Why a job failed. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Error(String code, String message, @Nullable String param) {}

  record Integration(String type, JobSpec.Wandb wandb) {}

  /** Where Lathe's own API tells more; OpenAI has no such field. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Lathe(@Nullable String run, @Nullable String dataset) {}

  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Job(
      String id,
      String object,
      long created_at,
      @Nullable Long finished_at,
      @Nullable Long estimated_finish,
      String model,
      @Nullable String fine_tuned_model,
      String organization_id,
      String status,
      Map<String, Object> hyperparameters,
      Map<String, Object> method,
      String training_file,
      @Nullable String validation_file,
      List<String> result_files,
      @Nullable Long trained_tokens,
      @Nullable Error error,
      int seed,
      List<Integration> integrations,
      @Nullable Map<String, String> metadata,
      @Nullable String user_provided_suffix,
      Lathe lathe) {}

  Job of(JobDirectory job) {
    var spec = job.spec();
    var run = jobs.run(job);
    var state = jobs.state(job, run);
    var built = job.built().orElse(null);
    boolean done = state == JobState.SUCCEEDED;
    var hyperparameters = spec.hyperparameters().view(spec.method(), built);
    return new Job(
        spec.id(),
        "fine_tuning.job",
        spec.createdAt().getEpochSecond(),
        finished(job, state, run),
        state == JobState.RUNNING && run != null ? estimated(run) : null,
        spec.model(),
        done && run != null ? run.version() : null,
        "lathe",
        state.wire(),
        hyperparameters,
        method(spec, hyperparameters),
        spec.trainingFile(),
        spec.validationFile(),
        done
            ? job.result().flatMap(r -> Optional.ofNullable(r.file())).stream().toList()
            : List.of(),
        done && run != null ? run.tokens() : null,
        job.failure().map(f -> new Error(f.code(), f.message(), f.param())).orElse(null),
        spec.seed(),
        spec.integrations().stream().map(w -> new Integration("wandb", w)).toList(),
        spec.metadata(),
        spec.suffix(),
        new Lathe(run == null ? null : run.id(), built == null ? null : built.dataset()));
  }

  private static Map<String, Object> method(JobSpec spec, Map<String, Object> hyperparameters) {
    var method = new LinkedHashMap<String, Object>();
    method.put("type", spec.method().wire());
    method.put(spec.method().wire(), Map.of("hyperparameters", hyperparameters));
    return method;
  }

  private @Nullable Long finished(JobDirectory job, JobState state, @Nullable RunView run) {
    return switch (state) {
      case SUCCEEDED -> run == null ? null : seconds(history.ended(run).orElse(null));
      case FAILED -> seconds(job.failure().map(JobDirectory.Failure::at).orElse(null));
      case CANCELLED -> seconds(job.asked().map(JobDirectory.Asked::at).orElse(null));
      case VALIDATING_FILES, QUEUED, RUNNING, PAUSED -> null;
    };
  }

  private static @Nullable Long seconds(@Nullable Instant at) {
    return at == null ? null : at.getEpochSecond();
  }

  /** As fast as up to now. */
  private @Nullable Long estimated(RunView run) {
    if (run.steps() == null || run.step() == 0 || run.seconds() <= 0) {
      return null;
    }
    double left = (run.steps() - run.step()) * run.seconds() / run.step();
    return clock.instant().getEpochSecond() + Math.round(left);
  }
}
