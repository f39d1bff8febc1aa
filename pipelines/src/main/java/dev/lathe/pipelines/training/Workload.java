package dev.lathe.pipelines.training;

import dev.lathe.engine.Footprint;
import java.util.Arrays;

/**
 * What lies ahead of a run.
 *
 * @param work in the {@link Footprint}'s FLOP, evaluations between the steps included
 * @param tokens of all micro-batches to come
 * @param dearest the examples of the micro-batch that wants most memory
 * @param dearestBytes what the layers keep of it, and what exists besides for a moment
 */
@SuppressWarnings("ArrayRecordComponent") // passed on once, never compared
record Workload(double work, long tokens, int[] dearest, long dearestBytes) {
  /** Examples that are looked at; beyond them, whole epochs stand for those that follow. */
  private static final long MOST = 20_000_000;

  /** From a state to the last step, every micro-batch cut into so many parts. */
  static Workload ahead(
      TrainingState state,
      long steps,
      DataOrder order,
      Examples train,
      Recipe recipe,
      int parts,
      Footprint footprint) {
    long wanted = (steps - state.step()) * recipe.accumulate();
    long most = Math.max(order.epoch(0).size(), MOST / Math.max(1, train.size()));
    double work = 0;
    long tokens = 0;
    int[] dearest = {};
    long dearestBytes = -1;
    long seen = 0;
    for (var at = state.next(); seen < wanted && seen < most; at = order.after(at)) {
      for (int[] piece : Cuts.pieces(order.at(at), train.lengths(), recipe.batchTokens(), parts)) {
        int[] lengths = train.rowLengths(piece);
        int sum = Arrays.stream(lengths).sum();
        work += footprint.training(lengths, labels(train, piece));
        tokens += sum;
        long bytes =
            footprint.kept(lengths)
                + footprint.passing(sum, Arrays.stream(lengths).max().orElse(0));
        if (bytes > dearestBytes) {
          dearestBytes = bytes;
          dearest = piece;
        }
      }
      seen++;
    }
    double times = seen == 0 ? 0 : (double) wanted / seen;
    return new Workload(work * times, (long) (tokens * times), dearest, Math.max(0, dearestBytes));
  }

  private static int labels(Examples examples, int[] indexes) {
    return Arrays.stream(indexes).map(i -> examples.labels()[i]).sum();
  }
}
