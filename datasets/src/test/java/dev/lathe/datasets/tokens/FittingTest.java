package dev.lathe.datasets.tokens;

import static dev.lathe.datasets.tokens.TokenizerTest.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.datasets.tokens.Truncation.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FittingTest {
  private static final Example TEN =
      new Example("c", IntStream.range(0, 10).toArray(), bits(0, 3, 4, 8), "log", "en");

  @Test
  void labelsStandAtTheTokensOwnPosition() {
    assertThat(TEN.labels()).containsExactly(0, -100, -100, 3, 4, -100, -100, -100, 8, -100);
  }

  @Test
  void keepsTheBeginningOrTheEnd() {
    var end = new Truncation(5, Policy.END).fit(TEN);
    assertThat(end.examples()).singleElement().extracting(Example::labelled).isEqualTo(bits(3, 4));
    assertThat(end.counts()).isEqualTo(new Truncation.Counts(1, 1, 0, 0, 0, 5, 2));
    var start = new Truncation(6, Policy.START).fit(TEN);
    assertThat(start.examples().getFirst().ids()).containsExactly(4, 5, 6, 7, 8, 9);
    // Token 4 has lost what came before it.
    assertThat(start.examples().getFirst().labelled()).isEqualTo(bits(4));
  }

  @Test
  void splitsIntoWindowsAndDropsThoseWithoutLabels() {
    var split = new Truncation(3, Policy.SPLIT).fit(TEN);
    assertThat(split.examples()).extracting(Example::id).containsExactly("c#2", "c#3");
    assertThat(split.counts()).isEqualTo(new Truncation.Counts(1, 0, 1, 0, 2, 4, 2));
  }

  @Test
  void dropsWhatIsTooLongOrHasNothingToLearn() {
    assertThat(new Truncation(9, Policy.DROP).fit(TEN).counts())
        .isEqualTo(new Truncation.Counts(1, 0, 0, 1, 0, 10, 4));
    assertThat(new Truncation(2, Policy.END).fit(TEN).counts().withoutLabels()).isEqualTo(1);
    assertThat(new Truncation(10, Policy.DROP).fit(TEN).examples()).hasSize(1);
  }

  @Property(tries = 300)
  void everyTokenAndLabelComesOutOrIsCounted(
      @ForAll @Size(min = 1, max = 60) List<Boolean> marks,
      @ForAll Policy policy,
      @ForAll @IntRange(min = 2, max = 40) int maxLength) {
    var labelled = bits(IntStream.range(0, marks.size()).filter(marks::get).toArray());
    var given = new Example("x", new int[marks.size()], labelled, "", "");
    var fitted = new Truncation(maxLength, policy).fit(given);
    long tokens = fitted.examples().stream().mapToLong(Example::length).sum();
    long labels = fitted.examples().stream().mapToLong(Example::labelCount).sum();
    assertThat(tokens + fitted.counts().tokensCut()).isEqualTo(given.length());
    assertThat(labels + fitted.counts().labelsCut()).isEqualTo(given.labelCount());
    assertThat(fitted.examples()).allMatch(e -> e.length() <= maxLength && e.labelCount() > 0);
  }

  @Property(tries = 500)
  void packingLosesNothingAndIsFirstFit(
      @ForAll @Size(max = 80) List<@IntRange(max = 20) Integer> lengths) {
    int[] given = lengths.stream().mapToInt(i -> i).toArray();
    var bins = Packing.firstFit(given, 20);
    assertThat(bins.stream().flatMapToInt(Arrays::stream).sorted().toArray())
        .isEqualTo(IntStream.range(0, given.length).toArray());
    assertThat(bins.stream().map(Arrays::toString).toList())
        .isEqualTo(naive(given, 20).stream().map(Object::toString).toList());
  }

  @Test
  void packsHundredsOfThousandsQuickly() {
    int[] lengths = new java.util.Random(3).ints(300_000, 1, 2000).toArray();
    var bins = Packing.firstFit(lengths, 4096);
    assertThat(bins.stream().mapToInt(b -> b.length).sum()).isEqualTo(300_000);
    long least = Arrays.stream(lengths).asLongStream().sum() / 4096;
    assertThat(bins.size()).isBetween((int) least, (int) (least * 1.02));
    assertThatThrownBy(() -> Packing.firstFit(new int[] {5}, 4))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static List<List<Integer>> naive(int[] lengths, int capacity) {
    var bins = new ArrayList<List<Integer>>();
    var room = new ArrayList<Integer>();
    for (int i = 0; i < lengths.length; i++) {
      int bin = 0;
      while (bin < bins.size() && room.get(bin) < lengths[i]) {
        bin++;
      }
      if (bin == bins.size()) {
        bins.add(new ArrayList<>());
        room.add(capacity);
      }
      bins.get(bin).add(i);
      room.set(bin, room.get(bin) - lengths[i]);
    }
    return bins;
  }
}
