package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.suites.Rules;
import dev.lathe.pipelines.suites.Suite;
import dev.lathe.pipelines.suites.SuiteEvaluation;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Measures a target by an evaluation suite. */
@RestController
@RequestMapping("/api")
class SuitesApi {
  private final Respondents respondents;
  private final JsonMapper json;

  SuitesApi(Respondents respondents, JsonMapper json) {
    this.respondents = respondents;
    this.json = json;
  }

  record Carried(String name, String title, Rules rules, int prompts, String sha256) {}

  record Listing(List<Carried> items) {}

  /** The suites that Lathe carries. */
  @GetMapping("suites")
  Listing list() {
    return new Listing(
        Suite.NAMES.stream()
            .map(Suite::named)
            .map(s -> new Carried(s.name(), s.title(), s.rules(), s.prompts().size(), s.sha256()))
            .toList());
  }

  /**
   * @param suite one that Lathe carries, or what to call the one in {@code yaml}
   * @param yaml a suite of one's own
   * @param against another target, for comparison
   * @param judge who grades; without one only rules do
   */
  record Wanted(
      @Nullable String target,
      @Nullable String suite,
      @Nullable String yaml,
      @Nullable String against,
      @Nullable String judge) {}

  @PostMapping("eval/suite")
  void evaluate(@RequestBody Wanted wanted, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          var name = given("suite", wanted.suite());
          var suite = wanted.yaml() == null ? Suite.named(name) : Suite.of(name, wanted.yaml());
          var target = respondents.of(given("target", wanted.target()));
          var against = wanted.against() == null ? null : respondents.of(wanted.against());
          if (against != null && against.name().equals(target.name())) {
            throw new BadInput(
                "a target cannot be compared with itself",
                target.name(),
                "Name another one with --against.");
          }
          var judge = wanted.judge() == null ? null : respondents.of(wanted.judge());
          return new SuiteEvaluation(suite, target, against, judge, progress::accept).run();
        });
  }

  private static String given(String key, @Nullable String value) {
    if (value == null || value.isBlank()) {
      throw new BadInput("the request lacks a key", key, "See docs/api.md.");
    }
    return value;
  }
}
