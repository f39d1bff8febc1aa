package dev.lathe.datasets.tokens;

import static dev.lathe.datasets.tokens.TokenizerTest.bits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.tokens.Truncation.Policy;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

  @ParameterizedTest
  @EnumSource
  void everyTokenAndLabelComesOutOrIsCounted(Policy policy) {
    var random = new Random(11);
    for (int i = 0; i < 200; i++) {
      int n = random.nextInt(1, 61);
      double share = random.nextDouble();
      var labelled = bits(IntStream.range(0, n).filter(t -> random.nextDouble() < share).toArray());
      int maxLength = random.nextInt(2, 41);
      var given = new Example("x", new int[n], labelled, "", "");
      var fitted = new Truncation(maxLength, policy).fit(given);
      long tokens = fitted.examples().stream().mapToLong(Example::length).sum();
      long labels = fitted.examples().stream().mapToLong(Example::labelCount).sum();
      assertThat(tokens + fitted.counts().tokensCut()).as("try %d", i).isEqualTo(n);
      assertThat(labels + fitted.counts().labelsCut())
          .as("try %d", i)
          .isEqualTo(given.labelCount());
      assertThat(fitted.examples()).allMatch(e -> e.length() <= maxLength && e.labelCount() > 0);
    }
  }
}
