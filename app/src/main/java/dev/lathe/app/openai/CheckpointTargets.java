package dev.lathe.app.openai;

import dev.lathe.checkpoints.adapters.GgufAdapter;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.routing.LocalTargets;
import dev.lathe.serving.routing.Target;
import dev.lathe.serving.wire.WireError;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The names of jobs' checkpoints, {@code MODEL@ckpt-step-N}, beside those of models and bases. A
 * checkpoint is no version: it answers as long as its run keeps it, and cannot be promoted. Its
 * adapter is turned into what engines load when it is first asked for.
 */
final class CheckpointTargets implements LocalTargets {
  private static final String MARK = "@ckpt-step-";
  private static final Pattern NAME = Pattern.compile("([^@]+)" + MARK + "(\\d{1,12})");
  private static final int LONGEST_CONTEXT = 8192;

  private final LocalTargets others;
  private final Supplier<FineTuning> jobs;
  private final Finetunes runs;
  private final BaseStore bases;

  /**
   * @param jobs asked for when a checkpoint is
   */
  CheckpointTargets(
      LocalTargets others, Supplier<FineTuning> jobs, Finetunes runs, BaseStore bases) {
    this.others = others;
    this.jobs = jobs;
    this.runs = runs;
    this.bases = bases;
  }

  static String name(JobSpec job, long step) {
    return job.name() + MARK + step;
  }

  @Override
  public Optional<Target.Local> find(String name) {
    if (!name.contains(MARK)) {
      return others.find(name);
    }
    var parts = NAME.matcher(name);
    if (!parts.matches()) {
      return others.find(name);
    }
    return jobs.get()
        .ofModel(parts.group(1))
        .map(job -> checkpoint(name, job, Long.parseLong(parts.group(2))));
  }

  @Override
  public List<String> names() {
    return others.names();
  }

  private Target.Local checkpoint(String name, JobDirectory job, long step) {
    var spec = job.spec();
    var kept =
        runs.knows(spec.run())
            ? runs.show(spec.run()).checkpoints().stream().map(c -> c.step()).toList()
            : List.<Long>of();
    if (!kept.contains(step)) {
      throw WireError.model(
          404,
          "model_not_found",
          "The job '%s' keeps no checkpoint of step %d. It keeps: %s."
              .formatted(job.id(), step, kept.isEmpty() ? "none" : kept));
    }
    try {
      var base = bases.require(spec.base());
      return new Target.Local(local(name, job, step, base), base.name(), null, null);
    } catch (BadInput e) {
      throw WireError.unavailable("model_unusable", String.valueOf(e.getMessage()));
    }
  }

  private LocalModel local(String name, JobDirectory job, long step, Base base) {
    var served = job.served(step);
    synchronized (job) {
      if (!Files.isRegularFile(served)) {
        var folder = runs.find(job.spec().run()).checkpoints().resolve("step-%08d".formatted(step));
        GgufAdapter.write(PeftAdapter.read(folder), base.config(), base.name(), served);
      }
    }
    int context = Math.min(base.config().maxPositions(), LONGEST_CONTEXT);
    return new LocalModel(name, ServedBase.of(base), served, base.folder(), context);
  }
}
