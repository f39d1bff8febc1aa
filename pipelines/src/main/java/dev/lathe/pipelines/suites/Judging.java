package dev.lathe.pipelines.suites;

import dev.lathe.pipelines.suites.Respondent.Question;
import dev.lathe.pipelines.suites.Verdicts.Choice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * A judge at work on the answers to one suite; counts what it was asked and what was no verdict.
 */
final class Judging {
  private final Suite suite;
  private final Respondent judge;
  private int asked;
  private int unreadable;

  Judging(Suite suite, Respondent judge) {
    this.suite = suite;
    this.judge = judge;
  }

  int asked() {
    return asked;
  }

  int unreadable() {
    return unreadable;
  }

  /**
   * Every unit graded by the criteria; partners twice, with their places exchanged.
   *
   * @param answers by the prompts' ids
   */
  List<UnitScore> grade(Map<String, SuiteAnswer> answers, IntConsumer done) {
    return suite.rules() == Rules.PARTNERS ? gradePairs(answers, done) : gradeSingly(answers, done);
  }

  private List<UnitScore> gradeSingly(Map<String, SuiteAnswer> answers, IntConsumer done) {
    var questions = new ArrayList<Question>();
    for (var prompt : suite.prompts()) {
      questions.add(Verdicts.grade(prompt, text(answers, prompt), criteria(prompt)));
    }
    var replies = ask(questions, done);
    var scores = new ArrayList<UnitScore>();
    for (int i = 0; i < questions.size(); i++) {
      var prompt = suite.prompts().get(i);
      var criteria = criteria(prompt);
      scores.add(score(prompt.unit(), criteria, graded(replies.get(i), criteria.size())));
    }
    return scores;
  }

  private List<UnitScore> gradePairs(Map<String, SuiteAnswer> answers, IntConsumer done) {
    var pairs = RuleScoring.pairs(suite);
    var questions = new ArrayList<Question>();
    for (var pair : pairs) {
      var a = pair.getFirst();
      var b = pair.getLast();
      questions.add(Verdicts.gradePair(a, text(answers, a), b, text(answers, b), suite.criteria()));
      questions.add(Verdicts.gradePair(b, text(answers, b), a, text(answers, a), suite.criteria()));
    }
    var replies = ask(questions, done);
    var scores = new ArrayList<UnitScore>();
    int criteria = suite.criteria().size();
    for (int i = 0; i < pairs.size(); i++) {
      var there = graded(replies.get(2 * i), criteria);
      var back = graded(replies.get(2 * i + 1), criteria);
      scores.add(
          score(
              pairs.get(i).getFirst().unit(),
              suite.criteria(),
              there.equals(back) ? there : Optional.empty()));
    }
    return scores;
  }

  private static UnitScore score(
      String unit, List<Criterion> criteria, Optional<List<Boolean>> graded) {
    var parts = new LinkedHashMap<String, Boolean>();
    graded.ifPresent(
        met -> {
          for (int i = 0; i < met.size(); i++) {
            parts.put(criteria.get(i).id(), met.get(i));
          }
        });
    var passed = graded.map(met -> met.stream().allMatch(m -> m)).orElse(null);
    return new UnitScore(unit, passed, parts);
  }

  /**
   * Which of two targets' answers is better, asked twice with their places exchanged.
   *
   * @param wins of the first target: both replies choose its answer
   * @param ties also where the two replies contradict each other
   * @param undecided one of the replies was no verdict
   * @param first how many of the choices that were no ties fell on the answer that stood first
   */
  record Preferred(int wins, int losses, int ties, int undecided, int first, int choices) {
    /** How often the first target was preferred, a tie counting one half. */
    Share share() {
      return new Share(wins + ties / 2.0, wins + losses + ties);
    }
  }

  Preferred compare(
      Map<String, SuiteAnswer> target, Map<String, SuiteAnswer> against, IntConsumer done) {
    var questions = new ArrayList<Question>();
    for (var prompt : suite.prompts()) {
      var ours = text(target, prompt);
      var theirs = text(against, prompt);
      questions.add(Verdicts.compare(prompt, ours, theirs, criteria(prompt)));
      questions.add(Verdicts.compare(prompt, theirs, ours, criteria(prompt)));
    }
    var replies = ask(questions, done);
    int wins = 0;
    int losses = 0;
    int ties = 0;
    int undecided = 0;
    int first = 0;
    int choices = 0;
    for (int i = 0; i < replies.size(); i += 2) {
      var there = chosen(replies.get(i));
      var back = chosen(replies.get(i + 1));
      for (var choice : List.of(there, back)) {
        first += choice.equals(Optional.of(Choice.A)) ? 1 : 0;
        choices += choice.isPresent() && choice.get() != Choice.TIE ? 1 : 0;
      }
      if (there.isEmpty() || back.isEmpty()) {
        undecided++;
      } else if (there.get() == Choice.A && back.get() == Choice.B) {
        wins++;
      } else if (there.get() == Choice.B && back.get() == Choice.A) {
        losses++;
      } else {
        ties++;
      }
    }
    return new Preferred(wins, losses, ties, undecided, first, choices);
  }

  private List<Criterion> criteria(SuitePrompt prompt) {
    return suite.criteria().stream().filter(c -> c.concerns(prompt)).toList();
  }

  private List<String> ask(List<Question> questions, IntConsumer done) {
    asked += questions.size();
    return judge.answer(questions, done).stream().map(SuiteAnswer::text).toList();
  }

  private Optional<List<Boolean>> graded(String reply, int criteria) {
    var graded = Verdicts.graded(reply, criteria);
    unreadable += graded.isEmpty() ? 1 : 0;
    return graded;
  }

  private Optional<Choice> chosen(String reply) {
    var chosen = Verdicts.chosen(reply);
    unreadable += chosen.isEmpty() ? 1 : 0;
    return chosen;
  }

  private static String text(Map<String, SuiteAnswer> answers, SuitePrompt prompt) {
    return Optional.ofNullable(answers.get(prompt.id())).orElseThrow().text();
  }
}
