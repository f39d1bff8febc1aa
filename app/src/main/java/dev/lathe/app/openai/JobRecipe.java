package dev.lathe.app.openai;

import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.training.Recipe;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What OpenAI's hyperparameters mean as a recipe's keys. */
final class JobRecipe {
  /** Tokens that go through the model at once when a batch is larger. */
  private static final int MICRO_BATCH = 1024;

  private static final int SELDOM = 100;

  private JobRecipe() {}

  /**
   * The keys that a job sets; the recipe's defaults are the others'.
   *
   * @param dataset null while the files are not looked into: what depends on them is left out
   */
  static Map<String, Object> of(JobSpec spec, @Nullable DatasetVersion dataset) {
    var asked = spec.hyperparameters();
    var keys = new LinkedHashMap<String, Object>();
    keys.put("objective", spec.method() == JobSpec.Method.DPO ? "dpo" : "sft");
    keys.put("epochs", asked.epochsOrAuto());
    keys.put("seed", spec.seed());
    if (asked.beta() != null) {
      keys.put("beta", asked.beta());
    }
    if (spec.initFrom() != null) {
      keys.put("initFrom", spec.initFrom());
      keys.put("adapter", spec.adapter() == null ? "lora" : spec.adapter());
    }
    if (!spec.integrations().isEmpty()) {
      keys.put("wandb", true);
    }
    if (dataset != null) {
      batches(keys, asked, dataset);
    }
    keys.putAll(spec.recipe());
    if (asked.rate() != null && !spec.recipe().containsKey("learningRate")) {
      keys.put("learningRate", asked.rate() * Recipe.of(keys).learningRate());
    }
    return keys;
  }

  /**
   * A batch of so many examples of mean length, in micro-batches that fit; a checkpoint and an
   * evaluation about once an epoch, and not more seldom than every {@value #SELDOM} steps.
   */
  private static void batches(
      Map<String, Object> keys, Hyperparameters asked, DatasetVersion dataset) {
    double mean = meanTokens(dataset);
    double tokens = MICRO_BATCH;
    if (asked.batchSize() != null) {
      tokens = asked.batchSize() * mean;
      int pieces = (int) Math.max(1, Math.round(tokens / MICRO_BATCH));
      // A batch ends before the example that would pass it: half of one is room for the last.
      keys.put("batchTokens", (int) Math.max(1, Math.round(tokens / pieces + mean / 2)));
      keys.put("accumulate", pieces);
    }
    long steps = (long) Math.ceil(dataset.part(Split.TRAIN).tokens() / Math.max(1, tokens));
    int every = (int) Math.clamp(steps, 1, SELDOM);
    keys.put("checkpointEvery", every);
    keys.put("evalEvery", every);
  }

  /** Examples to a batch, about, that a job trains with. */
  static int batchSize(JobSpec spec, DatasetVersion dataset) {
    var asked = spec.hyperparameters().batchSize();
    return asked != null
        ? asked
        : (int) Math.max(1, Math.round(MICRO_BATCH / Math.max(1, meanTokens(dataset))));
  }

  /** Examples to train on: conversations, or pairs of answers. */
  static long examples(DatasetVersion dataset, Split split) {
    return dataset.holdsPreferences() ? dataset.pairs(split) : dataset.part(split).examples();
  }

  private static double meanTokens(DatasetVersion dataset) {
    return (double) dataset.part(Split.TRAIN).tokens()
        / Math.max(1, examples(dataset, Split.TRAIN));
  }
}
