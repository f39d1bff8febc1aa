package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Three parts of 60, 300 and 40 examples, whose label tokens are drawn by chance. */
class MixtureOrderTest {
  private static final int[] SIZES = {60, 300, 40};
  private static final int LONGEST = 90;
  private static final int[] PART_OF =
      IntStream.range(0, 3).flatMap(p -> IntStream.range(0, SIZES[p]).map(i -> p)).toArray();
  private static final int[] LABELS = labels();
  private static final double[] SHARES = {0.5, 0.2, 0.3};

  private static int[] labels() {
    var random = new SplittableRandom(3);
    return IntStream.range(0, PART_OF.length)
        .map(i -> i % 17 == 4 ? 0 : 1 + random.nextInt(LONGEST))
        .toArray();
  }

  private static DataOrder order(double... weights) {
    return new DataOrder(LABELS, LABELS, PART_OF, weights, 200, 7, true);
  }

  private static int[] drawn(DataOrder order, int epochs) {
    return IntStream.range(0, epochs)
        .boxed()
        .flatMap(e -> order.epoch(e).stream())
        .flatMapToInt(Arrays::stream)
        .toArray();
  }

  private static double[] learnt(int[] examples) {
    var learnt = new double[3];
    for (int i : examples) {
      learnt[PART_OF[i]] += LABELS[i];
    }
    return learnt;
  }

  @Test
  void theSharesAreReachedWithinAPercentOverARunAndAFewExamplesInEveryStretchOfIt() {
    var all = drawn(order(5, 2, 3), 4);
    var learnt = learnt(all);
    double sum = Arrays.stream(learnt).sum();
    for (int p = 0; p < 3; p++) {
      assertThat(learnt[p] / sum).isCloseTo(SHARES[p], within(0.01));
    }
    double furthest = 0;
    for (int from = 0; from + 20 < all.length; from += 7) {
      for (int length : List.of(20, 100, 400)) {
        var stretch = Arrays.copyOfRange(all, from, Math.min(all.length, from + length));
        var there = learnt(stretch);
        double tokens = Arrays.stream(there).sum();
        for (int p = 0; p < 3; p++) {
          furthest = Math.max(furthest, Math.abs(there[p] - SHARES[p] * tokens));
        }
      }
    }
    assertThat(furthest).isLessThan(3 * LONGEST);
  }

  @Test
  void noExampleOfAPartComesAgainBeforeAllOthersOfItCame() {
    var all = drawn(order(5, 2, 3), 4);
    for (int part = 0; part < 3; part++) {
      int of = part;
      int[] own = Arrays.stream(all).filter(i -> PART_OF[i] == of).toArray();
      int[] usable =
          IntStream.range(0, LABELS.length)
              .filter(i -> PART_OF[i] == of && LABELS[i] > 0)
              .toArray();
      var passes = new ArrayList<List<Integer>>();
      for (int from = 0; from + usable.length <= own.length; from += usable.length) {
        int[] pass = Arrays.copyOfRange(own, from, from + usable.length);
        assertThat(Arrays.stream(pass).sorted().toArray()).isEqualTo(usable);
        passes.add(Arrays.stream(pass).boxed().toList());
      }
      assertThat(new HashSet<>(passes))
          .as("each pass in an order of its own")
          .hasSameSizeAs(passes);
    }
  }

  @Test
  void anEpochIsAsMuchAsAllPartsHoldAndPassesAreToldOfIt() {
    var order = order(5, 2, 3);
    long held = Arrays.stream(LABELS).sum();
    var sizes = learnt(IntStream.range(0, LABELS.length).toArray());
    var learnt = learnt(drawn(order, 2));
    assertThat(Arrays.stream(learnt).sum()).isBetween(2.0 * held, 2.0 * held + LONGEST);
    var passes = order.passes(2);
    for (int p = 0; p < 3; p++) {
      assertThat(learnt[p] / sizes[p]).isCloseTo(passes[p], within(2 * LONGEST / sizes[p]));
    }
  }

  @Test
  void withoutWeightsEveryEpochVisitsEveryExampleOnceAndEveryStretchHasSomeOfEachPart() {
    var order = order();
    for (int e = 0; e < 3; e++) {
      int[] epoch = order.epoch(e).stream().flatMapToInt(Arrays::stream).toArray();
      assertThat(Arrays.stream(epoch).sorted().toArray())
          .isEqualTo(IntStream.range(0, LABELS.length).filter(i -> LABELS[i] > 0).toArray());
      for (int from = 0; from + 40 <= epoch.length; from += 40) {
        var learnt = learnt(Arrays.copyOfRange(epoch, from, from + 40));
        assertThat(learnt).doesNotContain(0.0);
      }
    }
    assertThat(order.passes(3)).containsExactly(new double[] {3, 3, 3}, within(1e-12));
  }

  @Test
  void everyEpochIsAFunctionOfItsNumberAlone() {
    var straight = order(5, 2, 3);
    var epochs = IntStream.range(0, 6).mapToObj(straight::epoch).toList();
    var late = order(5, 2, 3);
    for (int e : new int[] {5, 0, 3, 4}) {
      assertThat(late.epoch(e)).usingRecursiveComparison().isEqualTo(epochs.get(e));
    }
    assertThat(order(0.5, 0.2, 0.3).epoch(2)).usingRecursiveComparison().isEqualTo(epochs.get(2));
  }

  @Test
  void withoutShufflingEachPartKeepsItsDatasetsOrder() {
    var plain = new DataOrder(LABELS, LABELS, PART_OF, new double[] {1, 1, 1}, 200, 7, false);
    int[] first = drawn(plain, 1);
    for (int part = 0; part < 3; part++) {
      int of = part;
      int[] own = Arrays.stream(first).filter(i -> PART_OF[i] == of).limit(30).toArray();
      assertThat(own).isSorted();
    }
  }

  /** What is computed once for every example is found by its place in each part's first pass. */
  @Test
  void onceHoldsEveryExampleHoweverSmallItsShare() {
    var order = order(1, 1e-6, 1);
    assertThat(order.once().stream().flatMapToInt(Arrays::stream).sorted().toArray())
        .isEqualTo(IntStream.range(0, LABELS.length).filter(i -> LABELS[i] > 0).toArray());
    var alone = new DataOrder(LABELS, LABELS, 200, 7, true);
    assertThat(alone.once()).usingRecursiveComparison().isEqualTo(alone.epoch(0));
  }
}
