package dev.lathe.serving.experiments;

import java.util.Arrays;
import java.util.List;

/**
 * Compares two arms subject by subject: as raters arrive, each of the arm that has fewer of them is
 * set against its share of the other's. A block's number is the mean of the second arm's rewards in
 * it minus that of the first's, in [-1, 1].
 *
 * <p>Who goes into which block depends on nothing but the order in which the arms' raters came,
 * never on what they said, and a block once closed stays as it is. So whatever the share of raters
 * an arm has, and why, the blocks' numbers scatter around the difference of the arms.
 */
final class Blocks {
  private Blocks() {}

  /**
   * The blocks that are full.
   *
   * @param raters in the order of their first words; those of further arms are passed over
   */
  static double[] of(List<Rater> raters, int first, int second) {
    var queues = new Queue[] {new Queue(raters.size()), new Queue(raters.size())};
    var blocks = new double[raters.size()];
    int full = 0;
    for (var rater : raters) {
      if (rater.arm() != first && rater.arm() != second) {
        continue;
      }
      queues[rater.arm() == first ? 0 : 1].add(rater.mean());
      while (queues[0].waiting() > 0 && queues[1].waiting() > 0) {
        int few = queues[0].size <= queues[1].size ? 0 : 1;
        int many = 1 - few;
        long share = (long) queues[many].size * (queues[few].taken + 1) / queues[few].size;
        // Some wait, so that an arm which is ahead by chance finds partners when the other catches
        // up.
        long reserve = (long) Math.sqrt(queues[0].size + queues[1].size);
        long fair = share - queues[many].taken - reserve;
        double fewMean = queues[few].take(1);
        double manyMean = queues[many].take((int) Math.clamp(fair, 1, queues[many].waiting()));
        blocks[full++] = few == 0 ? manyMean - fewMean : fewMean - manyMean;
      }
    }
    return Arrays.copyOf(blocks, full);
  }

  private static final class Queue {
    private final double[] rewards;
    private int size;
    private int taken;

    Queue(int most) {
      rewards = new double[most];
    }

    void add(double reward) {
      rewards[size++] = reward;
    }

    int waiting() {
      return size - taken;
    }

    double take(int count) {
      double sum = 0;
      for (int i = 0; i < count; i++) {
        sum += rewards[taken++];
      }
      return sum / count;
    }
  }
}
