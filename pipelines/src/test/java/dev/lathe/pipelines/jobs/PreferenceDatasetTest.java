package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Preview;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Preferences;
import dev.lathe.datasets.tokens.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs of judged answers, built through all steps. */
class PreferenceDatasetTest {
  private static final Map<String, String> PREFERENCE = Map.of("kind", "preference");
  private static final Map<String, String> ALL_TRAIN =
      Map.of("kind", "preference", "validation", "0", "test", "0");

  @TempDir static Path shared;
  private static Base tiny;
  @TempDir Path home;
  private DatasetStore store;

  @BeforeAll
  static void base() {
    tiny = TinyBase.create(new BaseStore(shared.resolve("bases")));
  }

  @BeforeEach
  void fresh() {
    store = new DatasetStore(home.resolve("datasets"));
  }

  @Test
  void ratedAnswersToOneContextBecomePairsAndTheRestIsKept() {
    var log =
        log(
            rated("a", "how much?", "three", 1),
            rated("b", "how much?", "dunno", 0),
            rated("c", "how much?", "go away", 0),
            rated("d", "how much?", "three", 1), // said before
            rated("e", "how late?", "noon", 1), // nothing to compare it with
            rated("f", "who?", "me", 1),
            rated("g", "who?", "me", 0), // contradicts it
            rated("h", "why?", "so", 0.5),
            "{\"id\":\"i\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"},"
                + "{\"role\":\"assistant\",\"content\":\"a\"}]}\n");
    var version = build(log, ALL_TRAIN);
    assertThat(version.kept()).isEqualTo(4);
    assertThat(version.dropped())
        .isEqualTo(Map.of("exact-duplicate", 1L, "contradictory", 2L, "unrated", 2L));
    assertThat(version.preferences())
        .containsEntry("liked", 2L)
        .containsEntry("disliked", 2L)
        .containsEntry("contexts", 2L)
        .containsEntry("pairs", 2L);
    assertThat(version.holdsPreferences()).isTrue();
    assertThat(version.recipe()).containsEntry("kind", "preference");
    assertThat(pairs(version, Split.TRAIN)).containsExactly("a > b", "a > c");
    assertThat(build(log, with(ALL_TRAIN, "pairsPerContext", "1")).preferences())
        .containsEntry("pairs", 1L)
        .containsEntry("disliked", 2L);
  }

  @Test
  void onlyTheAnswerIsLearnedNotTheTurnsBeforeIt() {
    var version =
        build(
            log(
                """
                {"id":"a","feedback":1,"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"earlier"},{"role":"user","content":"two"},{"role":"assistant","content":"the answer"}]}
                """),
            ALL_TRAIN);
    try (var tokenizer = Tokenizer.open(tiny.tokenizer())) {
      var shown = Preview.of(store, version, Split.TRAIN, tokenizer, 1).conversations().getFirst();
      assertThat(shown.judged()).isEqualTo("liked");
      assertThat(
              shown.tokens().stream()
                  .filter(Preview.Token::labelled)
                  .map(Preview.Token::text)
                  .collect(Collectors.joining()))
          .isEqualTo("the answer<|im_end|>");
    }
  }

  @Test
  void aContextIsNeverInTwoSplitsWhoeverAsked() {
    var lines = new ArrayList<String>();
    for (int i = 0; i < 120; i++) {
      lines.add(
          rated("u" + i, "question " + i / 4, "answer " + i, i % 2)
              .replace("\"id\"", "\"user\":\"u%d\",\"id\"".formatted(i)));
    }
    var version = build(log(lines.toArray(String[]::new)), with(PREFERENCE, "validation", "0.3"));
    var splits = new HashMap<String, Split>();
    for (var split : Split.values()) {
      store
          .folder(version)
          .forEach(
              split,
              c ->
                  assertThat(splits.merge(c.messages().getFirst().content(), split, (a, b) -> b))
                      .as("the same context")
                      .isEqualTo(split));
      for (var pair : pairs(version, split)) {
        var ids = pair.split(" > ");
        assertThat(number(ids[0]) / 4).isEqualTo(number(ids[1]) / 4);
      }
    }
    assertThat(new HashSet<>(splits.values())).contains(Split.TRAIN, Split.VALIDATION);
    assertThat(splits).hasSize(30);
    assertThat(version.preferences()).containsEntry("pairs", 60L).containsEntry("contexts", 30L);
  }

  private static int number(String id) {
    return Integer.parseInt(id.substring(1));
  }

  @Test
  void comparedAnswersKeepTheirPairsInAllThreeForms() {
    var version =
        build(
            log(
                """
                {"id":"t","prompt":"how much?","chosen":"three","rejected":"dunno"}
                """,
                """
                {"id":"m","chosen":[{"role":"user","content":"who?"},{"role":"assistant","content":"me"}],"rejected":[{"role":"user","content":"who?"},{"role":"assistant","content":"nobody"}]}
                """,
                """
                {"id":"o","input":{"messages":[{"role":"user","content":"why?"}]},"preferred_output":[{"role":"assistant","content":"so"}],"non_preferred_output":[{"role":"assistant","content":"no"}]}
                """,
                """
                {"id":"same","prompt":"how?","chosen":"so","rejected":"so"}
                """,
                """
                {"id":"again","prompt":"how much?","chosen":"three","rejected":"never"}
                """),
            Map.of("validation", "0", "test", "0"));
    assertThat(version.recipe()).containsEntry("kind", "preference");
    assertThat(pairs(version, Split.TRAIN))
        .containsExactly(
            "t/chosen > t/rejected",
            "m/chosen > m/rejected",
            "o/chosen > o/rejected",
            "t/chosen > again/rejected");
    assertThat(version.dropped()).isEqualTo(Map.of("no-answer", 2L, "exact-duplicate", 1L));
    assertThat(version.conversations()).isEqualTo(10);
    assertThat(version.kept()).isEqualTo(7);
  }

  @Test
  void aPreferenceLogGivesItsChosenAnswersToAChatDataset() {
    var version =
        build(
            log(
                """
                {"id":"t","prompt":"how much?","chosen":"three","rejected":"dunno"}
                """),
            Map.of("kind", "chat", "validation", "0", "test", "0"));
    assertThat(version.kept()).isEqualTo(1);
    assertThat(version.dropped()).isEqualTo(Map.of("not-preferred", 1L));
    assertThat(version.preferences()).isEmpty();
    assertThat(version.holdsPreferences()).isFalse();
  }

  @Test
  void answersAreNotCutIntoWindows() {
    assertThatThrownBy(
            () -> build(log(rated("a", "q", "x", 1)), with(PREFERENCE, "truncation", "split")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("truncation=split")
        .hasMessageContaining("kind=chat");
  }

  private List<String> pairs(DatasetVersion version, Split split) {
    try (var examples = store.folder(version).examples(split)) {
      var preferences = examples.preferences().map(Preferences::pairs).orElseThrow();
      return preferences.stream()
          .map(p -> examples.example(p.chosen()).id() + " > " + examples.example(p.rejected()).id())
          .toList();
    }
  }

  private static Map<String, String> with(Map<String, String> set, String key, String value) {
    var more = new HashMap<>(set);
    more.put(key, value);
    return more;
  }

  private static String rated(String id, String question, String answer, double value) {
    return """
        {"id":"%s","feedback":{"value":%s},"messages":[{"role":"user","content":"%s"},{"role":"assistant","content":"%s"}]}
        """
        .formatted(id, value, question, answer);
  }

  private Path log(String... lines) {
    try {
      return Files.writeString(home.resolve("log.jsonl"), String.join("", lines));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DatasetVersion build(Path log, Map<String, String> set) {
    var request =
        new DatasetRequest(List.of(log), null, "prefs", tiny, DatasetRecipe.read(null, set));
    try (var build = new DatasetBuild(request, store, p -> {}, Clock.systemUTC())) {
      IntStream.iterate(0, n -> build.read(), n -> n + 1).forEach(n -> {});
      IntStream.iterate(0, n -> build.split(), n -> n + 1).forEach(n -> {});
      IntStream.iterate(0, n -> build.tokenize(), n -> n + 1).forEach(n -> {});
      build.publish();
      return build.published();
    }
  }
}
