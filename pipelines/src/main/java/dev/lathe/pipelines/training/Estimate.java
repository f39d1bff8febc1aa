package dev.lathe.pipelines.training;

import dev.lathe.engine.Footprint;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run is expected to take, told before its first step.
 *
 * @param memory peak resident bytes of the run's process, and of its replicas
 * @param disk bytes of the run's directory at its fullest
 * @param checkpoint bytes of one
 * @param ahead what is to be computed
 * @param work the same in the footprint's FLOP, evaluations between steps included
 * @param parts how finely micro-batches are cut
 * @param share of the work that the busiest process does
 */
record Estimate(
    long memory, long disk, long checkpoint, Workload ahead, double work, int parts, double share) {
  static final long MIB = 1 << 20;

  /** JVM, class path, PyTorch's libraries and kernels: measured with the tiny base. */
  private static final long PROCESS = 330 * MIB;

  /** The most that the run process's Java heap takes (RunCommand). */
  private static final long HEAP = 512 * MIB;

  /** A step's record in the journal. */
  private static final long JOURNAL_LINE = 330;

  /** PEFT's configuration, the manifest, and headers that name every tensor. */
  private static final long NAMES = 64 << 10;

  /** A whole model's config, tokenizer and template. */
  private static final long BESIDE = 16 * MIB;

  /** Of what is left of the run behind a state. */
  static Estimate of(Setup setup, TrainingState state, int parts) {
    var recipe = setup.recipe();
    var footprint = setup.footprint();
    var ahead =
        Workload.ahead(
            state, setup.steps(), setup.order(), setup.train(), recipe, parts, footprint);
    long values = footprint.learned();
    boolean full = recipe.training().full();
    long small = setup.start().shape().size();
    var saved = setup.start().shape().saved();
    long twice = saved.isTiedWhole() ? 4L * saved.size() : 0; // under two names in the file
    long result = full ? values * footprint.bytes() + BESIDE : 4 * values + twice + NAMES;
    long checkpoint = 12 * values + twice + 2 * NAMES;
    // Of a whole model what a checkpoint holds, in native memory, and where preferences are learnt
    // the model that it began as. Else the adapter it began with, a snapshot, and files in the
    // making, in the Java heap; and what a copy to PyTorch leaves behind until the next collection.
    // What is trained whole beside an adapter is copied in native memory, as a model is.
    boolean reference = recipe.objective() != Recipe.Objective.SFT;
    long copies =
        full
            ? 12 * values + (reference ? values * footprint.bytes() : 0)
            : Math.min(8 * 4 * small, HEAP)
                + 2 * 4 * small
                + 12 * (values - small)
                + twice
                + (reference ? (values - small) * footprint.bytes() : 0);
    long memory =
        PROCESS
            + footprint.weights()
            + footprint.trained()
            + copies
            + Math.max(ahead.dearestBytes(), 2 * footprint.largest());
    long disk = checkpoint * (recipe.keep() + 1L) + 2 * result + JOURNAL_LINE * setup.steps();
    var devices = setup.devices();
    return new Estimate(
        devices.count() * memory,
        disk,
        checkpoint,
        ahead,
        ahead.work()
            + evaluations(setup, state, footprint)
            + (setup.steps() - state.step()) * footprint.update(),
        parts,
        devices.busiest(recipe.accumulate()));
  }

  private static double evaluations(Setup setup, TrainingState state, Footprint footprint) {
    var examples = setup.validation();
    var recipe = setup.recipe();
    if (examples == null || recipe.evalEvery() == 0) {
      return 0;
    }
    long times =
        (setup.steps() - 1) / recipe.evalEvery()
            - Math.min(state.step(), setup.steps() - 1) / recipe.evalEvery();
    double one = 0;
    for (int[] batch : examples.inOrder(recipe.batchTokens(), recipe.evalTokens())) {
      int[] lengths = examples.rowLengths(batch);
      int labels = Arrays.stream(batch).map(i -> examples.labels()[i]).sum();
      one += footprint.evaluation(lengths, labels);
    }
    return times * one;
  }

  /** For the journal and whoever asked; without a probe there is no time in it. */
  Map<String, Object> toMap() {
    var m = new LinkedHashMap<String, Object>();
    m.put("memoryMiB", Math.ceilDiv(memory, MIB));
    m.put("diskMiB", Math.ceilDiv(disk, MIB));
    m.put("tokens", ahead.tokens());
    m.put("parts", parts);
    return m;
  }

  /** From the first to the last optimizer step. */
  double seconds(Probe probe) {
    return work * share * probe.secondsPerWork();
  }

  /**
   * The same after the probe, with what the whole run is made of.
   *
   * @param probe what it found
   */
  Map<String, Object> toMap(Probe probe, Mixture mixture) {
    var m = toMap();
    m.put("datasets", mixture.toList());
    double seconds = seconds(probe);
    m.put("seconds", seconds);
    m.put("tokensPerSecond", seconds > 0 ? ahead.tokens() / seconds : 0);
    m.put("probeTokens", probe.tokens());
    m.put("probeConversations", probe.conversations());
    m.put("probeSeconds", probe.seconds());
    m.put("probePeakMiB", probe.peakMiB());
    return m;
  }
}
