package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.jobs.ServedAnswers.Question;
import dev.lathe.pipelines.training.MeasureMain.Probe;
import dev.lathe.pipelines.training.MeasureMain.Subject;
import dev.lathe.pipelines.training.StandInEngine.Damage;
import dev.lathe.registry.promotion.Faithful;
import dev.lathe.registry.promotion.GateResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers of an engine that serves a really trained adapter right, or wrong in one way. */
class AnswerScoringTest {
  private final TinyDesk.Trained trained = TinyDesk.trained();

  @Test
  void whatIsServedAsTrainedPassesByTokensAndByText() {
    for (boolean tellsTokens : new boolean[] {true, false}) {
      var result = judged(Damage.NONE, tellsTokens);
      assertThat(result.passed()).as(result.found()).isTrue();
      assertThat(result.found()).contains("(100.0 %)").doesNotContain(" 0 of 16 answers");
    }
  }

  @ParameterizedTest
  @EnumSource(value = Damage.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void whatIsServedOtherwiseIsRefused(Damage damage) {
    for (boolean tellsTokens : new boolean[] {true, false}) {
      var result = judged(damage, tellsTokens);
      assertThat(result.passed()).as(result.found()).isFalse();
    }
  }

  @Test
  void anUnreadableByteEndsWhatIsScored() {
    assertThat(scored(probe("Yes, the \uFFFD cup", null)).positions().size())
        .isLessThan(scored(probe("Yes, the cup", null)).positions().size());
  }

  @Test
  void aStopTokenToldAsTheLastTokenIsCountedOnce() {
    int end = trained.desk().base.config().endTokens().getFirst();
    var with = scored(probe(16, "", List.of(40, 41, end), true));
    var without = scored(probe(16, "", List.of(40, 41), true));
    assertThat(with).isEqualTo(without);
    assertThat(with.positions()).hasSize(3);
    assertThat(with.wentOn()).isFalse();
    assertThat(scored(probe(16, "", List.of(40, end, 41), false)).wentOn()).isTrue();
  }

  private Probe probe(String answer, @Nullable List<Integer> ids) {
    return probe(16, answer, ids, false);
  }

  private Probe probe(int number, String answer, @Nullable List<Integer> ids, boolean stopped) {
    var words = TinyDesk.conversation(number).messages().getFirst().content();
    return new Probe(words, rendered(words), answer, ids, stopped);
  }

  private String rendered(String words) {
    return ChatTemplate.of(trained.desk().base)
        .render(List.of(Message.of(Role.USER, words)), List.of(), true);
  }

  private ScoredAnswer scored(Probe probe) {
    return measured(List.of(probe)).getFirst();
  }

  private GateResult judged(Damage damage, boolean tellsTokens) {
    var questions = new ArrayList<Question>();
    for (int i = 0; i < Faithful.PROMPTS; i++) {
      var first = TinyDesk.conversation(100 + i).messages().getFirst();
      questions.add(new Question(List.of(first), i < 4 ? 80 : 16));
    }
    var answers =
        new StandInEngine(trained.desk(), damage, tellsTokens).answer(trained.good(), questions);
    var probes = new ArrayList<Probe>();
    for (int i = 0; i < answers.size(); i++) {
      var words = questions.get(i).messages().getFirst().content();
      var a = answers.get(i);
      probes.add(new Probe(words, rendered(words), a.text(), a.ids(), a.stopped()));
    }
    return Faithful.judge("the engine", measured(probes).stream().map(a -> asJudged(a)).toList());
  }

  private static Faithful.Answer asJudged(ScoredAnswer a) {
    var positions =
        a.positions().stream()
            .map(p -> new Faithful.Position(p.token(), p.best(), p.same()))
            .toList();
    return new Faithful.Answer(a.prompt(), positions, a.stopped(), a.wentOn());
  }

  private List<ScoredAnswer> measured(List<Probe> probes) {
    var desk = trained.desk();
    var adapter = Path.of(trained.good().folder(), "adapter").toString();
    var subject = new Subject("desk@2", adapter, false, false);
    return MeasureMain.measure(
            new MeasureMain.Request(
                desk.bases().toString(),
                desk.base.name(),
                List.of(subject),
                List.of(),
                List.of(),
                probes),
            (stage, done, total) -> {})
        .answers();
  }
}
