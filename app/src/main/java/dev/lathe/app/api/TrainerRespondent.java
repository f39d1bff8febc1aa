package dev.lathe.app.api;

import dev.lathe.pipelines.jobs.Answers;
import dev.lathe.pipelines.jobs.Answers.AnswerRequest;
import dev.lathe.pipelines.suites.Respondent;
import dev.lathe.pipelines.suites.SuiteAnswer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A base, or a version on it, answered for by the trainer.
 *
 * @param tuned a PEFT directory or a whole model's; null for the base alone
 */
record TrainerRespondent(Answers trainer, String name, String base, @Nullable Path tuned)
    implements Respondent {
  @Override
  public String by() {
    return "trainer";
  }

  @Override
  public List<SuiteAnswer> answer(List<Question> questions, IntConsumer done) {
    var bound = new LinkedHashMap<Integer, List<Integer>>(); // questions of one limit go together
    for (int i = 0; i < questions.size(); i++) {
      bound.computeIfAbsent(questions.get(i).maxTokens(), m -> new ArrayList<>()).add(i);
    }
    var answers = new SuiteAnswer[questions.size()];
    int before = 0;
    for (var group : bound.entrySet()) {
      int start = before;
      var conversations = group.getValue().stream().map(i -> questions.get(i).messages()).toList();
      var given =
          trainer.run(
              new AnswerRequest(base, tuned, conversations, group.getKey()),
              n -> done.accept(start + (int) n));
      for (int i = 0; i < given.size(); i++) {
        answers[group.getValue().get(i)] =
            new SuiteAnswer(given.get(i).text(), given.get(i).ended());
      }
      before += given.size();
    }
    return List.of(answers);
  }
}
