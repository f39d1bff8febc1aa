package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DataOrderTest {
  private static final int[] LENGTHS = IntStream.range(0, 50).map(i -> 10 + i * 7 % 90).toArray();
  private static final int[] LABELS =
      IntStream.range(0, 50).map(i -> i % 10 == 3 ? 0 : 5).toArray();

  private final DataOrder order = new DataOrder(LENGTHS, LABELS, 200, 7, true);

  @Test
  void everyEpochVisitsEveryExampleThatHasSomethingToLearnOnce() {
    for (int epoch = 0; epoch < 3; epoch++) {
      assertThat(order.epoch(epoch).stream().flatMapToInt(Arrays::stream).sorted().toArray())
          .isEqualTo(IntStream.range(0, 50).filter(i -> LABELS[i] > 0).toArray());
    }
    assertThat(flat(order.epoch(0))).isNotEqualTo(flat(order.epoch(1)));
  }

  @Test
  void noMicroBatchPassesTheBudgetUnlessOneExampleDoes() {
    for (int[] batch : order.epoch(0)) {
      assertThat(Arrays.stream(batch).map(i -> LENGTHS[i]).sum()).isLessThanOrEqualTo(200);
    }
    var small = new DataOrder(LENGTHS, LABELS, 20, 7, true);
    assertThat(small.epoch(0)).allSatisfy(batch -> assertThat(batch).isNotEmpty());
  }

  @Test
  void aPositionIsAllThatIsNeededToGoOn() {
    var position = DataOrder.Position.START;
    var visited = new ArrayList<int[]>();
    for (int i = 0; i < 30; i++) {
      visited.add(order.at(position));
      position = order.after(position);
    }
    var again = new DataOrder(LENGTHS, LABELS, 200, 7, true);
    assertThat(again.at(position)).isEqualTo(order.at(position));
    assertThat(again.epoch(0).get(3)).isEqualTo(visited.get(3));
  }

  @Test
  void withoutShufflingTheDatasetsOrderStands() {
    var plain = new DataOrder(LENGTHS, LABELS, 200, 7, false);
    assertThat(flat(plain.epoch(1))).isSorted();
  }

  @Test
  void fractionsOfAnEpochCountMicroBatches() {
    int perEpoch = order.epoch(0).size();
    assertThat(order.microBatches(1)).isEqualTo(perEpoch);
    assertThat(order.microBatches(0.5)).isEqualTo((perEpoch + 1) / 2);
    assertThat(order.microBatches(1.001)).isEqualTo(perEpoch + 1);
  }

  private static int[] flat(List<int[]> batches) {
    return batches.stream().flatMapToInt(Arrays::stream).toArray();
  }
}
