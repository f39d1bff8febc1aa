package dev.lathe.pipelines.jobs;

import dev.lathe.pipelines.training.EvaluateMain;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Loss, perplexity and token accuracy of a base, or an adapter on it, in a process of their own.
 */
public final class Evaluations {
  private final Path bases;

  /**
   * @param bases the home's folder of bases
   */
  public Evaluations(Path bases) {
    this.bases = bases;
  }

  /**
   * @param adapter a PEFT directory, or null for the base alone
   * @param shard the token shard of the split to score
   * @param settings recipe keys that say how to compute: precision, device, threads, maxLength
   */
  public record EvaluationRequest(
      String base, @Nullable Path adapter, Path shard, Map<String, Object> settings) {}

  /** How many of the batches are scored. */
  public record Progress(long done, long total) {}

  public EvaluateMain.Result run(EvaluationRequest request, Consumer<Progress> progress) {
    var adapter = request.adapter() == null ? null : request.adapter().toString();
    return Worker.run(
        EvaluateMain.class.getName(),
        new EvaluateMain.Request(
            bases.toString(),
            request.base(),
            adapter,
            request.shard().toString(),
            request.settings()),
        EvaluateMain.Result.class,
        step -> progress.accept(new Progress(step.done(), step.total())));
  }
}
