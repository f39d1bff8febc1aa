package dev.lathe.app.openai;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a job is to train, in OpenAI's terms; null leaves a value to Lathe.
 *
 * @param epochs passes over the training file
 * @param batchSize examples to an optimizer step, about: batches are filled by tokens
 * @param rate times the recipe's learning rate
 * @param beta of DPO
 */
record Hyperparameters(
    @Nullable Integer epochs,
    @Nullable Integer batchSize,
    @Nullable Double rate,
    @Nullable Double beta) {
  static final int AUTO_EPOCHS = 3;
  static final double AUTO_BETA = 0.1;
  private static final int MOST_EPOCHS = 50;
  private static final int LARGEST_BATCH = 4096;

  static Hyperparameters auto() {
    return new Hyperparameters(null, null, null, null);
  }

  static Hyperparameters read(@Nullable Body given, JobSpec.Method method) {
    if (given == null) {
      return auto();
    }
    return new Hyperparameters(
        given.whole("n_epochs", 1, MOST_EPOCHS),
        given.whole("batch_size", 1, LARGEST_BATCH),
        given.number("learning_rate_multiplier", 1e-6, 1000),
        method == JobSpec.Method.DPO ? given.number("beta", 1e-6, 1000) : null);
  }

  int epochsOrAuto() {
    return epochs == null ? AUTO_EPOCHS : epochs;
  }

  /**
   * As OpenAI shows them: what was left open is {@code "auto"} until the job knows.
   *
   * @param built what the job found out; null before
   */
  Map<String, Object> view(JobSpec.Method method, JobDirectory.@Nullable Built built) {
    var view = new LinkedHashMap<String, Object>();
    view.put("n_epochs", epochs != null ? epochs : built == null ? "auto" : AUTO_EPOCHS);
    view.put(
        "batch_size", batchSize != null ? batchSize : built == null ? "auto" : built.batchSize());
    view.put("learning_rate_multiplier", rate != null ? rate : built == null ? "auto" : 1.0);
    if (method == JobSpec.Method.DPO) {
      view.put("beta", beta != null ? beta : built == null ? "auto" : AUTO_BETA);
    }
    return view;
  }
}
