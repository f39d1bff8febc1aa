package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Preview;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.pipelines.evaluation.AnswersTold;
import dev.lathe.pipelines.evaluation.Options;
import dev.lathe.pipelines.evaluation.Slice;
import dev.lathe.pipelines.evaluation.SliceBy;
import dev.lathe.pipelines.evaluation.Subject;
import dev.lathe.pipelines.evaluation.Turn;
import dev.lathe.pipelines.evaluation.WorstExample;
import dev.lathe.pipelines.training.TinyT5;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an encoder-decoder learns of conversations. */
class T5DatasetTest {
  private static final String LOG =
      """
      {"id": "a", "messages": [{"role": "user", "content": "Is the mill here?"}, {"role": "assistant", "content": "Yes."},
       {"role": "user", "content": "And the cup?"}, {"role": "assistant", "content": "Not the cup."}]}
      {"id": "b", "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Is the lamp here?"},
       {"role": "assistant", "content": "No.", "weight": 0}, {"role": "user", "content": "When?"}, {"role": "assistant", "content": "By May."}]}
      """
          .replace(",\n", ",");

  @TempDir Path home;
  private DatasetStore store;

  @BeforeEach
  void fresh() throws IOException {
    store = new DatasetStore(home.resolve("datasets"));
    Files.writeString(home.resolve("log.jsonl"), LOG);
  }

  private DatasetVersion built(Base base, Map<String, String> more) {
    var keys = new HashMap<>(Map.of("validation", "0", "test", "0"));
    keys.putAll(more);
    var request =
        new DatasetRequest(
            List.of(home.resolve("log.jsonl")), null, "desk", base, DatasetRecipe.of(keys));
    try (var build = new DatasetBuild(request, store, p -> {}, Clock.systemUTC())) {
      while (build.read()) {}
      while (build.split()) {}
      while (build.tokenize()) {}
      build.publish();
      return build.published();
    }
  }

  /** Each example's source and answer, as the tokens spell them. */
  private Map<String, String> told(Base base, DatasetVersion version) {
    try (var tokenizer = Tokenizer.open(base.tokenizer())) {
      return Preview.of(store, version, Split.TRAIN, tokenizer, 10).conversations().stream()
          .collect(
              Collectors.toMap(
                  Preview.Shown::id,
                  shown -> {
                    var text = new StringBuilder();
                    boolean before = false;
                    for (var token : shown.tokens()) {
                      text.append(token.labelled() && !before ? " => " : "");
                      text.append(tokenizer.token(token.id()));
                      before = token.labelled();
                    }
                    return text.toString().replace('▁', ' ');
                  }));
    }
  }

  @Test
  void everyAnswerIsAnExampleWhoseSourceGodelsTemplateWrites() {
    var base = TinyT5.in(home, "tiny-godel");
    var version = built(base, Map.of());
    var asked =
        " Instruction: given a dialog context, you need to response empathically. [CONTEXT]";
    assertThat(told(base, version))
        .isEqualTo(
            Map.of(
                "a#1", asked + " Is the mill here?</s> =>  Yes.</s>",
                "a#2",
                    asked + " Is the mill here? EOS Yes. EOS And the cup?</s> =>  Not the cup.</s>",
                "b",
                    " Instruction: Be short. [CONTEXT] Is the lamp here? EOS No. EOS When?</s> =>  By May.</s>"));
    assertThat(version.part(Split.TRAIN).examples()).isEqualTo(3);
    assertThat(version.part(Split.TRAIN).conversations()).isEqualTo(2);
  }

  @Test
  void anyOtherBaseReadsWhatWasSaid() {
    var base = TinyT5.in(home, "tiny-flan");
    assertThat(told(base, built(base, Map.of())))
        .containsEntry("a#1", " Is the mill here?</s> =>  Yes.</s>")
        .containsEntry("a#2", " Is the mill here? Yes. And the cup?</s> =>  Not the cup.</s>");
  }

  @Test
  void aPreviewShowsTheSpacesThatSentencePieceHidesInTokens() {
    var base = TinyT5.in(home, "tiny-flan");
    var version = built(base, Map.of());
    try (var tokenizer = Tokenizer.open(base.tokenizer())) {
      var first =
          Preview.of(store, version, Split.TRAIN, tokenizer, 10).conversations().stream()
              .filter(shown -> shown.id().equals("a#1"))
              .findFirst()
              .orElseThrow();
      assertThat(first.tokens().stream().map(Preview.Token::text).collect(Collectors.joining()))
          .isEqualTo("Is the mill here?</s> Yes.</s>");
    }
  }

  @Test
  void theOldestTurnsGoFirstAndAnswersAreNeverCut() {
    var base = TinyT5.in(home, "tiny-flan");
    var version = built(base, Map.of("maxLength", "26"));
    assertThat(told(base, version))
        .containsEntry("a#2", " Yes. And the cup?</s> =>  Not the cup.</s>")
        .containsEntry("b", " Be short. When?</s> =>  By May.</s>");
    assertThat(version.truncated().get("tokensCut")).isPositive();
    assertThat(version.truncated()).containsEntry("labelsCut", 0L);
    var dropped = built(base, Map.of("maxLength", "26", "truncation", "drop"));
    assertThat(told(base, dropped)).containsOnlyKeys("a#1");
    assertThat(dropped.truncated().get("labelsCut")).isPositive();
  }

  @Test
  void refusesWhatWouldCutAnswersOrForgetToEndTheSource() throws IOException {
    var base = TinyT5.in(home, "tiny-flan");
    assertThatThrownBy(() -> built(base, Map.of("truncation", "split")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("windows");
    assertThatThrownBy(() -> built(base, Map.of("kind", "preference")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("preferences");
    var own = Files.writeString(home.resolve("own.jinja"), "{{ messages[-1]['content'] }}");
    assertThatThrownBy(() -> built(base, Map.of("template", own.toString())))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("eos_token");
  }

  @Test
  void anEvaluationCountsConversationsAndAsksForTheirLastAnswers() {
    var base = TinyT5.in(home, "tiny-flan");
    var version = built(base, Map.of());
    var subject =
        new Subject(
            base, null, version, store.folder(version), Split.TRAIN, Map.of("precision", "fp32"));
    var found =
        new Evaluations(home.resolve("bases"))
            .run(subject, new Options(SliceBy.ALL, 5, 2, 8, Turn.LAST, null), p -> {});

    assertThat(found.conversations()).isEqualTo(2);
    assertThat(found.tokens()).isEqualTo(version.part(Split.TRAIN).labelTokens());
    assertThat(found.slices().values())
        .allSatisfy(
            slices ->
                assertThat(slices.stream().mapToLong(Slice::tokens).sum())
                    .isEqualTo(found.tokens()));
    assertThat(found.worst())
        .extracting(WorstExample::id)
        .containsExactlyInAnyOrder("a#1", "a#2", "b");
    assertThat(found.worst())
        .filteredOn(w -> w.id().equals("a#2"))
        .allMatch(w -> w.line() == 1 && w.excerpt().equals("Not the cup."));
    assertThat(Objects.requireNonNull(found.answers()).items())
        .extracting(AnswersTold.Item::question, AnswersTold.Item::reference)
        .containsExactlyInAnyOrder(
            tuple("And the cup?", "Not the cup."), tuple("When?", "By May."));
  }
}
