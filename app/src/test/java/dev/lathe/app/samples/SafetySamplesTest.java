package dev.lathe.app.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.pipelines.suites.Suite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the safety recipe learns from, beside what measures it. */
class SafetySamplesTest {
  private static List<JsonNode> lines(String name) throws IOException {
    try (var in =
        Objects.requireNonNull(SafetySamplesTest.class.getResourceAsStream("/samples/" + name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> JsonMapper.shared().readTree(line))
          .toList();
    }
  }

  private static List<String> questions() throws IOException {
    var questions = new ArrayList<String>();
    lines("safety-chats.jsonl")
        .forEach(c -> questions.add(c.path("messages").path(0).path("content").asString()));
    lines("safety-pairs.jsonl").forEach(p -> questions.add(p.path("prompt").asString()));
    return questions;
  }

  @Test
  void thereAreSixtyOfEachAndNoQuestionStandsThereTwice() throws IOException {
    assertThat(lines("safety-chats.jsonl")).hasSize(60);
    assertThat(lines("safety-pairs.jsonl")).hasSize(60);
    assertThat(new HashSet<>(questions())).hasSize(120);
  }

  /** Whoever trains on the exam measures nothing. */
  @Test
  void noSuitePromptStandsInThemNorAnythingMuchLikeOne() throws IOException {
    for (var suite : Suite.NAMES) {
      for (var prompt : Suite.named(suite).prompts()) {
        var asked = words(prompt.question());
        for (var learned : questions()) {
          assertThat(alike(asked, words(learned)))
              .as("%s: '%s' and '%s'", suite, prompt.question(), learned)
              .isLessThan(0.6);
        }
      }
    }
  }

  /** Words that both have, of those that either has. */
  private static double alike(Set<String> one, Set<String> other) {
    var both = new HashSet<>(one);
    both.retainAll(other);
    return (double) both.size() / (one.size() + other.size() - both.size());
  }

  private static Set<String> words(String text) {
    return Set.copyOf(
        new HashSet<>(
            List.of(
                text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", " ").strip().split(" "))));
  }
}
