package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Answers;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Greedy answers of a base, or of an adapter on it. */
@RestController
@RequestMapping("/api/answers")
class AnswersApi {
  private final BaseStore bases;
  private final Answers answers;
  private final JsonMapper json;

  AnswersApi(Home home, JsonMapper json) {
    this.bases = new BaseStore(home.bases());
    this.answers = new Answers(home.bases());
    this.json = json;
  }

  /**
   * @param adapter absolute path of a PEFT directory; null for the base alone
   * @param maxTokens of one answer
   */
  record Wanted(String base, @Nullable String adapter, List<String> prompts, int maxTokens) {}

  record Progress(String stage, long done, long total) {}

  record Given(List<String> answers) {}

  @PostMapping
  void answer(@RequestBody Wanted wanted, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          bases.require(wanted.base());
          var adapter = wanted.adapter() == null ? null : Path.of(wanted.adapter());
          if (adapter != null && !Files.isDirectory(adapter)) {
            throw new BadInput(
                "no such adapter", adapter.toString(), "A completed run has it in its folder.");
          }
          long total = wanted.prompts().size();
          progress.accept(new Progress("answers", 0, total));
          return new Given(
              answers
                  .run(
                      Answers.AnswerRequest.ofTexts(
                          wanted.base(), adapter, wanted.prompts(), wanted.maxTokens()),
                      done -> progress.accept(new Progress("answers", done, total)))
                  .stream()
                  .map(Answers.Answered::text)
                  .toList());
        });
  }
}
