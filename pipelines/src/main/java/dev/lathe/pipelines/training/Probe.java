package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.pipelines.supervision.ProcessMemory;
import java.util.Arrays;
import java.util.List;

/**
 * The first thing a run computes: the dearest of all its micro-batches, forward and backward, so
 * that memory runs out now if it ever does. Nothing is kept of it: every step begins with a zeroed
 * gradient, and what is drawn by chance is seeded before every micro-batch. Then the micro-batch
 * that comes first is timed, whose kernels are compiled by now for the most part.
 *
 * @param tokens of the dearest micro-batch, conversations in it
 * @param seconds that it took, with all that happens but once
 * @param secondsPerWork of the one that was timed, by the footprint's FLOP
 * @param peakMiB the most resident memory this process has had so far
 */
record Probe(int tokens, int conversations, double seconds, double secondsPerWork, long peakMiB) {
  static Probe of(Setup setup, Decoder decoder, TrainingState state, Estimate estimate) {
    var learning = Learning.of(setup.recipe(), decoder, setup.train(), null, setup.order());
    var dearest = estimate.ahead().dearest();
    double seconds = timed(setup, learning, dearest);
    var first =
        Cuts.pieces(
                setup.order().at(state.next()),
                setup.train().lengths(),
                setup.recipe().batchTokens(),
                estimate.parts())
            .getFirst();
    double again = timed(setup, learning, first);
    decoder.trained().zeroGradient();
    int[] lengths = lengths(setup, first);
    int labels = Arrays.stream(first).map(i -> setup.train().labels()[i]).sum();
    return new Probe(
        Arrays.stream(lengths(setup, dearest)).sum(),
        dearest.length,
        seconds,
        again / setup.footprint().training(lengths, labels),
        ProcessMemory.ownPeakMib());
  }

  private static double timed(Setup setup, Learning learning, int[] examples) {
    long began = System.nanoTime();
    var step = learning.step(List.of(examples));
    if (setup.recipe().noise().isSome()) {
      Decoder.seed(0);
    }
    step.gradients(0);
    return (System.nanoTime() - began) / 1e9;
  }

  private static int[] lengths(Setup setup, int[] examples) {
    return setup.train().rowLengths(examples);
  }
}
