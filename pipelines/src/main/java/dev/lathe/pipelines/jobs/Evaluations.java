package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.evaluation.Evaluation;
import dev.lathe.pipelines.evaluation.Options;
import dev.lathe.pipelines.evaluation.SplitReading;
import dev.lathe.pipelines.evaluation.Subject;
import dev.lathe.pipelines.training.EvaluateMain;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What a base, or an adapter on it, loses on a split of a dataset, and how right its own answers
 * are; the model works in a process of its own.
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
   * How far it is.
   *
   * @param stage {@code measuring}, in batches, then {@code answering}, in answers
   */
  public record Progress(String stage, long done, long total) {}

  /**
   * @throws BadInput before any model is loaded for what can be known from the dataset
   */
  public Evaluation run(Subject subject, Options options, Consumer<Progress> progress) {
    var reading = SplitReading.of(subject, options);
    return reading.told(
        Worker.run(
            EvaluateMain.class.getName(),
            reading.request(bases.toString()),
            EvaluateMain.Result.class,
            step -> progress.accept(new Progress(step.stage(), step.done(), step.total()))));
  }
}
