package dev.lathe.pipelines.sweeps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SearchSpaceTest {
  @Test
  void aGridIsEveryCombinationTheLastKeyFastest() {
    var space =
        SearchSpace.of(
            ordered("rank", "4,8", "learningRate", List.of(1e-4, 3e-4)), Map.of(), Set.of());
    assertThat(space.points(1, 7))
        .containsExactly(
            Map.of("rank", 4, "learningRate", 1e-4),
            Map.of("rank", 4, "learningRate", 3e-4),
            Map.of("rank", 8, "learningRate", 1e-4),
            Map.of("rank", 8, "learningRate", 3e-4));
  }

  @Test
  void aValueMayHoldCommasInBrackets() {
    var space = SearchSpace.of(Map.of("targets", "all,[q_proj,v_proj]"), Map.of(), Set.of());
    assertThat(space.grid().get("targets")).containsExactly("all", List.of("q_proj", "v_proj"));
  }

  @Test
  void theSameSeedDrawsTheSameTrialsAndMoreTrialsBeginWithThem() {
    var space = space("learningRate", "log:1e-5..1e-3", "rank", "4..64");
    var trials = space.points(8, 7);
    assertThat(space.points(8, 7)).isEqualTo(trials);
    assertThat(space.points(20, 7).subList(0, 8)).isEqualTo(trials);
    assertThat(space.points(8, 8)).isNotEqualTo(trials);
    var other = space("learningRate", "log:1e-5..1e-3", "rank", "4..32").points(8, 7);
    assertThat(other)
        .extracting(t -> t.get("learningRate"))
        .as("another key's range changes no draw of this one")
        .isEqualTo(trials.stream().map(t -> t.get("learningRate")).toList());
  }

  /** The middle of the draws lies at the geometric mean, or at the mean. */
  @Test
  void rangesAreDrawnFromEvenlyByFactorOrByDifference() {
    var logs = draws("learningRate", "log:1e-5..1e-3", 200);
    assertThat(logs).allMatch(x -> x >= 1e-5 && x <= 1e-3);
    assertThat(logs.stream().filter(x -> x < 1e-4).count()).isBetween(80L, 120L);
    var evenly = draws("dropout", "0..0.2", 150);
    assertThat(evenly).allMatch(x -> x >= 0 && x <= 0.2);
    assertThat(evenly.stream().filter(x -> x < 0.1).count()).isBetween(55L, 95L);
  }

  @Test
  void aWholeNumbersKeyIsDrawnWholeWithBothEnds() {
    var ranks = SearchSpace.of(Map.of(), Map.of("rank", "4..8"), Set.of()).points(5, 3);
    assertThat(ranks).extracting(t -> t.get("rank")).containsExactlyInAnyOrder(4, 5, 6, 7, 8);
    var logs = SearchSpace.of(Map.of(), Map.of("rank", "log:1..3"), Set.of()).points(3, 3);
    assertThat(logs).extracting(t -> t.get("rank")).containsExactlyInAnyOrder(1, 2, 3);
  }

  @Test
  void everyPointOfTheGridIsDrawnFor() {
    var space = SearchSpace.of(Map.of("rank", "4,8"), Map.of("dropout", "0..0.5"), Set.of());
    var trials = space.points(3, 7);
    assertThat(trials).hasSize(6).doesNotHaveDuplicates();
    assertThat(trials.subList(0, 3)).extracting(t -> t.get("rank")).containsOnly(4);
    assertThat(trials).extracting(t -> t.get("dropout")).doesNotHaveDuplicates();
  }

  @Test
  void tooManyTrialsAreRefusedBeforeTheyAreMade() {
    var hundred = IntStream.range(1, 101).<Object>mapToObj(i -> i).toList();
    var space = SearchSpace.of(Map.of("rank", hundred, "seed", hundred), Map.of(), Set.of());
    assertThatThrownBy(() -> space.points(1, 7))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("10,000 of them; 200 are allowed");
    var huge =
        SearchSpace.of(
            Map.of(
                "rank",
                hundred,
                "seed",
                hundred,
                "alpha",
                hundred,
                "keep",
                hundred,
                "evalEvery",
                hundred,
                "steps",
                hundred,
                "accumulate",
                hundred,
                "warmup",
                hundred,
                "epochs",
                hundred),
            Map.of("dropout", "0..0.5"),
            Set.of());
    assertThatThrownBy(() -> huge.points(200, 7)).isInstanceOf(BadInput.class);
    var few = SearchSpace.of(Map.of(), Map.of("rank", "4,8"), Set.of());
    assertThatThrownBy(() -> few.points(3, 7))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("fewer different trials", "2 of 3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "learningRat | 1,2        | Did you mean 'learningRate'?",
        "rank        |            | it has no values",
        "rank        | 4,,8       | is no list of values",
        "rank        | [4         | is no list of values",
        "rank        | 8..4       | is no range from low to high",
        "rank        | 4..8.5     | no range of whole numbers",
        "dropout     | log:0..1   | begins above 0",
        "dropout     | a..b       | is no range such as",
        "schedule    | a..b       | has no range",
        "seed        | 1,2        | set for every trial and swept",
      })
  void whatCannotBeSweptIsSaid(String key, String values, String said) {
    assertThatThrownBy(
            () ->
                SearchSpace.of(Map.of(), Map.of(key, values == null ? "" : values), Set.of("seed")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(said);
  }

  @Test
  void allProblemsAreToldAtOnce() {
    assertThatThrownBy(
            () ->
                SearchSpace.of(
                    Map.of("rank", "4", "clop", "1"), Map.of("rank", "1..2"), Set.of("rank")))
        .hasMessageContainingAll("clop", "choose one", "leave one out");
    assertThatThrownBy(() -> SearchSpace.of(Map.of(), Map.of(), Set.of()))
        .hasMessageContaining("nothing to sweep");
  }

  private static List<Double> draws(String key, String range, int n) {
    return space(key, range).points(n, 7).stream().map(t -> (Double) t.get(key)).toList();
  }

  private static SearchSpace space(String... random) {
    return SearchSpace.of(Map.of(), ordered((Object[]) random), Set.of());
  }

  private static Map<String, Object> ordered(Object... pairs) {
    var map = new java.util.LinkedHashMap<String, Object>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i].toString(), pairs[i + 1]);
    }
    return map;
  }
}
