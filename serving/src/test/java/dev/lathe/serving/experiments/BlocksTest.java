package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BlocksTest {
  private static Rater rater(int arm, double mean) {
    return new Rater(arm, mean, 1);
  }

  @Test
  void comparesTheRatersInTheOrderInWhichTheyCame() {
    var raters = List.of(rater(0, 0.5), rater(1, 1), rater(1, 0), rater(0, 0.25));
    assertThat(Blocks.of(raters, 0, 1)).containsExactly(0.5, -0.25);
  }

  @Test
  void setsEachRaterOfASmallArmAgainstItsShareOfTheLargeOne() {
    var raters = new ArrayList<Rater>();
    for (int i = 0; i < 90; i++) {
      raters.add(rater(0, i % 4 == 0 ? 1 : 0));
    }
    raters.add(rater(1, 1));
    var blocks = Blocks.of(raters, 0, 1);
    assertThat(blocks).as("one with 90, of whom the root of 91 still wait").hasSize(1);
    assertThat(blocks[0]).isCloseTo(1 - 21.0 / 81, within(1e-12));
  }

  @Test
  void leavesFewRatersWaitingWhateverTheShares() {
    for (double share : new double[] {0.5, 0.3, 0.1, 0.02}) {
      var raters = drawn(2000, share, 5);
      long small = raters.stream().filter(r -> r.arm() == 1).count();
      assertThat(Blocks.of(raters, 0, 1).length).isBetween((int) (0.9 * small), (int) small);
    }
  }

  @Test
  void aClosedBlockStaysAsItIs() {
    var raters = drawn(400, 0.3, 9);
    var whole = Blocks.of(raters, 0, 1);
    for (int n = 0; n <= raters.size(); n += 7) {
      var early = Blocks.of(raters.subList(0, n), 0, 1);
      assertThat(early).isEqualTo(Arrays.copyOf(whole, early.length));
    }
  }

  @Test
  void passesOverOtherArms() {
    var raters = List.of(rater(0, 0.5), rater(1, 1), rater(2, 1), rater(2, 0), rater(0, 0));
    assertThat(Blocks.of(raters, 0, 2)).containsExactly(0.5, 0);
  }

  private static List<Rater> drawn(int count, double share, long seed) {
    var random = new Random(seed);
    var raters = new ArrayList<Rater>();
    for (int i = 0; i < count; i++) {
      raters.add(rater(random.nextDouble() < share ? 1 : 0, random.nextInt(5) / 4.0));
    }
    return raters;
  }
}
