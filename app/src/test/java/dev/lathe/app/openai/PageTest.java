package dev.lathe.app.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.serving.wire.WireError;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class PageTest {
  private static final List<String> ALL = List.of("a", "b", "c", "d", "e");

  @Test
  void goesOnBehindTheLastOfThePageBefore() {
    var first = Page.of(ALL, Function.identity(), new Page.Cut(null, 2));
    assertThat(first.data()).containsExactly("a", "b");
    assertThat(first.has_more()).isTrue();
    var last = Page.of(ALL, Function.identity(), new Page.Cut("c", 2));
    assertThat(last.data()).containsExactly("d", "e");
    assertThat(last.has_more()).isFalse();
    assertThat(last.first_id()).isEqualTo("d");
    assertThat(last.last_id()).isEqualTo("e");
  }

  @Test
  void behindTheLastThereIsAnEmptyPage() {
    var page = Page.of(ALL, Function.identity(), new Page.Cut("e", 2));
    assertThat(page.data()).isEmpty();
    assertThat(page.last_id()).isNull();
    assertThat(page.has_more()).isFalse();
  }

  @Test
  void aListThatIsSortedGoesOnBehindWhatWasDeletedMeanwhile() {
    var left = List.of("a", "d", "e");
    assertThat(Page.sorted(left, Function.identity(), new Page.Cut("b", 9), false).data())
        .containsExactly("d", "e");
    assertThat(Page.sorted(left.reversed(), Function.identity(), new Page.Cut("c", 9), true).data())
        .containsExactly("a");
  }

  @Test
  void refusesWhatIsNoPlaceAndNoLength() {
    assertThatThrownBy(() -> Page.of(ALL, Function.identity(), new Page.Cut("z", 2)))
        .isInstanceOf(WireError.class)
        .hasMessageContaining("'after' is 'z'");
    for (var limit : List.of("0", "-1", "x", "101", "1.5")) {
      assertThatThrownBy(() -> Page.Cut.of(null, limit, 20, 100))
          .isInstanceOf(WireError.class)
          .hasMessageContaining("'limit' is '" + limit + "'");
    }
  }
}
