package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.router.StandInUpstream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Suites on the command line, asked of a provider's models that stand in for real ones. */
class SuiteCommandTest {
  private static final String OWN =
      """
      rules: accepted
      maxTokens: 16
      criteria: {right: {text: It is right.}}
      asked: {"all right": {measure: score, above: 0.9}}
      prompts:
        one: {ask: "The first letter?", accept: [alpha]}
        two:
          system: Be brief.
          turns: ["Hello!", "Hello!", "The second letter?"]
          accept: [beta]
      """;

  @TempDir static Path folder;
  private static StandInUpstream upstream;
  private static CommandLineHome home;
  private static String own;

  @BeforeAll
  static void aHomeWithAProvider() throws IOException {
    upstream = StandInUpstream.start();
    upstream.says(SuiteCommandTest::answer);
    var at = Files.createDirectories(folder.resolve("home"));
    Files.writeString(
        at.resolve("lathe.yaml"),
        "providers: {lab: {type: openai, baseUrl: \"%s/v1\"}}".formatted(upstream.root()));
    own = Files.writeString(folder.resolve("letters.yaml"), OWN).toString();
    home = new CommandLineHome(at);
  }

  @AfterAll
  static void stop() throws IOException {
    home.close();
    upstream.close();
  }

  /** A clever model, one that knows the first letter only, a prudent one, and a judge. */
  private static String answer(JsonNode request) {
    var asked =
        request.path("messages").valueStream().toList().getLast().path("content").asString();
    return switch (request.path("model").asString()) {
      case "clever" -> asked.contains("second") ? "It is \"Beta\".\nYes." : "Alpha!";
      case "dull" -> "I guess alpha.";
      case "prudent" -> "I'm sorry, but I can't help with that.";
      case "judge" ->
          asked.contains("<answer-A>")
              ? asked.contains("<answer-A>\nI guess") ? "B" : "A"
              : asked.contains("I guess") ? "1: no" : "1: yes";
      default -> "who knows";
    };
  }

  @Test
  void aProvidersModelIsMeasuredByRuleOrByAJudgeBesideAnother() {
    upstream.asked.clear();
    var rule = home.run("eval", "lab:dull", "--suite", own, "--json").done().json();
    assertThat(rule.path("suite").path("name").asString()).isEqualTo("letters");
    assertThat(rule.path("target").path("by").asString()).isEqualTo("provider");
    assertThat(rule.path("score").path("by").asString()).isEqualTo("rule");
    assertThat(rule.path("score").path("share").asDouble()).isEqualTo(0.5);
    assertThat(rule.path("asked").path(0).path("met").isNull()).isTrue();

    var judged =
        home.run(
                "eval",
                "lab:clever",
                "--suite",
                own,
                "--against",
                "lab:dull",
                "--judge",
                "lab:judge",
                "--json")
            .done()
            .json();
    assertThat(judged.path("score").path("by").asString()).isEqualTo("judge");
    assertThat(judged.path("score").path("share").asDouble()).isEqualTo(1);
    assertThat(judged.path("against").path("preferred").path("wins").asInt()).isEqualTo(2);
    assertThat(judged.path("judge").path("verdicts").asInt()).isEqualTo(8);
    assertThat(judged.path("asked").path(0).path("met").asBoolean()).isTrue();
    assertThat(judged.path("answers").path(1).path("answer").asString())
        .isEqualTo("It is \"Beta\".\nYes.");

    var sent = upstream.asked.getFirst().json();
    assertThat(sent.path("temperature").asDouble()).isZero();
    assertThat(sent.path("max_tokens").asInt()).isEqualTo(16);
    assertThat(sent.has("cache_prompt")).isFalse();
    assertThat(upstream.asked).anySatisfy(a -> assertThat(a.json().path("messages")).hasSize(4));
  }

  @Test
  void theTextTellsWhoJudgedWhatWasAskedAndEveryAnswer() {
    var text =
        home.run(
                "eval",
                "lab:clever",
                "--suite",
                own,
                "--against",
                "lab:dull",
                "--judge",
                "lab:judge",
                "--answers")
            .done()
            .out();
    assertThat(text)
        .contains(
            "lab:clever (provider), greedily, at most 16 tokens an answer; 2 prompts, suite ",
            "judged by lab:judge (provider): 8 verdicts, 0 of them unreadable",
            "score minus that of lab:dull: +100.0 points",
            "preferred to lab:dull: 100.0%",
            "2 won, 0 lost",
            "asked: all right: found 100.0%, reached (judged by lab:judge)",
            "passed two: The second letter?",
            "I guess alpha.")
        .containsPattern(
            "score +judge +100\\.0% +34\\.2-100\\.0% +2/2 +0\\.0% +0\\.0-65\\.8% +0/2");
  }

  @Test
  void theCarriedSuitesAreAskedByName() {
    var safety = home.run("eval", "lab:prudent", "--suite", "safety", "--json").done().json();
    assertThat(safety.path("suite").path("prompts").asInt()).isEqualTo(36);
    assertThat(safety.path("score").path("share").asDouble()).isEqualTo(0.5);
    var bias = home.run("eval", "lab:clever", "--suite", "bias", "--json").done().json();
    assertThat(bias.path("suite").path("units").asInt()).isEqualTo(18);
    assertThat(bias.path("lengthRatio").asDouble()).isEqualTo(1);
  }

  @Test
  void whatCannotBeMeasuredIsRefused() throws IOException {
    assertThat(home.run("eval", "lab:dull").refused().err()).contains("nothing to measure on");
    assertThat(home.run("eval", "lab:dull", "--suite", own, "--dataset", "d@1").refused().err())
        .contains("measured apart");
    assertThat(home.run("eval", "lab:dull", "--suite", own, "--by", "topic").refused().err())
        .contains("go with a dataset");
    assertThat(home.run("eval", "lab:dull", "--suite", "safty").refused().err())
        .contains("Did you mean 'safety'?");
    assertThat(home.run("eval", "lap:dull", "--suite", own).refused().err())
        .contains("nothing answers under this name");
    assertThat(home.run("eval", "lab:dull", "--suite", own, "--judge", "none").refused().err())
        .contains("nothing answers under this name");
    assertThat(home.run("eval", "lab:dull", "--dataset", "d@1", "--judge", "x").refused().err())
        .contains("go with a suite");
    assertThat(
            home.run("eval", "lab:dull", "--suite", own, "--against", "lab:dull").refused().err())
        .contains("compared with itself");
    var broken = Files.writeString(folder.resolve("broken.yaml"), "rules: form\n").toString();
    assertThat(home.run("eval", "lab:dull", "--suite", broken).refused().err())
        .contains("criteria: there is none", "prompts: there are 0");
    assertThat(home.run("eval", "lab:dull", "--suite", "nowhere.yaml").refused().err())
        .contains("the suite cannot be read");
    var away = home.run("eval", "lab:401", "--suite", own);
    assertThat(away.status()).isEqualTo(1);
    assertThat(away.err()).contains("'lab:401' does not answer");
  }

  @Test
  void gatesAreReadBeforeAnythingIsMeasured() {
    assertThat(home.run("models", "promote", "m@1", "--gate", "suite:safty>=1").refused().err())
        .contains("Did you mean 'safety'?");
    assertThat(home.run("models", "promote", "m@1", "--judge", "lab:judge").refused().err())
        .contains("a judge without a gate");
  }
}
