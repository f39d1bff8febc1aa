package dev.lathe.serving.routing.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.routing.tasks.TaskClass;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlannerTest {
  private static final Candidate TUNED = at("tuned", Place.LOCAL);
  private static final Candidate BASE = at("base", Place.LOCAL);
  private static final Candidate OLLAMA = at("ollama:llama", Place.OLLAMA);
  private static final Candidate CLOUD = at("openai:gpt", Place.REMOTE);
  private static final Candidate OTHER = at("cohere:command", Place.REMOTE);
  private static final List<Candidate> ALL = List.of(TUNED, BASE, CLOUD, OTHER, OLLAMA);

  private static Candidate at(String name, Place place) {
    boolean local = place == Place.LOCAL;
    return new Candidate(
        name,
        place,
        local ? "local" : name.startsWith("cohere") ? "anthropic" : "openai",
        place != Place.REMOTE,
        !local,
        !local,
        local ? 2048 : 0,
        true,
        Double.NaN,
        0,
        local ? 0 : Double.NaN,
        null);
  }

  private static Candidate stands(
      Candidate c, boolean ready, double ms, int waiting, double usd, @Nullable String unfit) {
    return new Candidate(
        c.name(),
        c.place(),
        c.kind(),
        c.here(),
        c.tools(),
        c.media(),
        c.contextLength(),
        ready,
        ms,
        waiting,
        usd,
        unfit);
  }

  private static Bounds bounds(boolean cloud, Map<TaskClass, String> specialists, Rule... rules) {
    return new Bounds(cloud, 0.3, 0.7, 8, specialists, List.of(rules));
  }

  private static final Bounds USUAL = bounds(true, Map.of());

  private static Asked asked(TaskClass task, double complexity) {
    return new Asked(task, complexity, 100, task == TaskClass.TOOLS, false, "ann", null);
  }

  private static Plan plan(Strategy strategy, Asked asked, List<Candidate> candidates) {
    return new Planner(USUAL).plan(strategy, asked, candidates);
  }

  @ParameterizedTest
  @CsvSource({
    "local_only, greeting, 0.1, tuned base ollama:llama",
    "local_only, code, 0.9, tuned base ollama:llama",
    "privacy, code, 0.9, tuned base ollama:llama",
    "remote_only, greeting, 0.1, openai:gpt cohere:command ollama:llama",
    "claude_only, greeting, 0.1, cohere:command",
    "hybrid, greeting, 0.1, tuned base ollama:llama openai:gpt cohere:command",
    "hybrid, summarisation, 0.6, tuned base ollama:llama openai:gpt cohere:command",
    "hybrid, code, 0.2, openai:gpt cohere:command ollama:llama tuned base",
    "hybrid, writing, 0.4, tuned base ollama:llama openai:gpt cohere:command",
    "hybrid, writing, 0.6, openai:gpt cohere:command ollama:llama tuned base",
    "local_fallback, code, 0.9, tuned base ollama:llama openai:gpt cohere:command",
    "direct, code, 0.9, tuned base ollama:llama openai:gpt cohere:command",
    "remote_fallback, greeting, 0.1, openai:gpt cohere:command ollama:llama tuned base",
    "cost, writing, 0.29, tuned base ollama:llama openai:gpt cohere:command",
    "cost, writing, 0.5, tuned base openai:gpt cohere:command ollama:llama",
    "cost, writing, 0.71, openai:gpt cohere:command ollama:llama tuned base",
    "quality, writing, 0.5, openai:gpt cohere:command ollama:llama tuned base",
  })
  void everyStrategyHasItsOrder(String strategy, String task, double complexity, String order) {
    var found =
        plan(
            Strategy.of(strategy).orElseThrow(),
            asked(TaskClass.ofWireName(task).orElseThrow(), complexity),
            ALL);
    assertThat(String.join(" ", found.order())).isEqualTo(order);
    assertThat(found.preferred()).isEqualTo(found.order().getFirst());
  }

  @Test
  void latencyTakesWhatBeginsSoonestAndCountsWhoWaits() {
    var slow = stands(CLOUD, true, 400, 0, Double.NaN, null);
    var full = stands(TUNED, true, 150, 4, 0, null);
    var quick = stands(BASE, true, 200, 0, 0, null);
    assertThat(
            plan(Strategy.LATENCY, asked(TaskClass.WRITING, 0.5), List.of(full, quick, slow))
                .order())
        .containsExactly("base", "openai:gpt", "tuned");
  }

  @Test
  void costTakesTheCheapestThatIsKnown() {
    var dear = stands(CLOUD, true, 1, 0, 0.02, null);
    var cheap = stands(OTHER, true, 1, 0, 0.001, null);
    assertThat(
            plan(Strategy.COST, asked(TaskClass.WRITING, 0.5), List.of(dear, OLLAMA, cheap))
                .order())
        .containsExactly("cohere:command", "openai:gpt", "ollama:llama");
  }

  @Test
  void whatCannotTakeARequestIsLeftOutAndToldWhy() {
    var huge = stands(BASE, true, 1, 0, 0, "it takes 9000 MiB to load and 100 MiB are free");
    var found =
        plan(Strategy.LOCAL_FALLBACK, asked(TaskClass.TOOLS, 0.5), List.of(TUNED, huge, CLOUD));
    assertThat(found.order()).containsExactly("openai:gpt");
    assertThat(found.preferred()).isEqualTo("tuned");
    assertThat(found.leftOut())
        .containsExactly(
            "tuned: it calls no tools", "base: it takes 9000 MiB to load and 100 MiB are free");
    var lengthy = new Asked(TaskClass.SUMMARISATION, 0.2, 5000, false, true, null, null);
    assertThat(plan(Strategy.LOCAL_ONLY, lengthy, List.of(TUNED)).leftOut())
        .containsExactly("tuned: it takes text alone");
    var text = new Asked(TaskClass.SUMMARISATION, 0.2, 5000, false, false, null, null);
    assertThat(plan(Strategy.LOCAL_ONLY, text, List.of(TUNED)).leftOut())
        .containsExactly("tuned: some 5000 tokens are more than its context of 2048");
  }

  @Test
  void privacyNeverLeavesThisMachineWhateverRulesSay() {
    var rule =
        new Rule("best", Set.of(), Set.of(), Set.of(), null, 0, 0, List.of("openai:gpt"), null);
    var found =
        new Planner(bounds(true, Map.of(TaskClass.CODE, "openai:gpt"), rule))
            .plan(Strategy.PRIVACY, asked(TaskClass.CODE, 0.9), ALL);
    assertThat(found.order()).isEmpty();
    assertThat(found.leftOut()).containsExactly("openai:gpt: privacy never leaves this machine");
    assertThat(
            new Planner(bounds(true, Map.of(TaskClass.CODE, "openai:gpt")))
                .plan(Strategy.PRIVACY, asked(TaskClass.CODE, 0.9), ALL)
                .order())
        .containsExactly("tuned", "base", "ollama:llama");
  }

  @Test
  void aForbiddenCloudLeavesWhatRunsHere() {
    assertThat(
            new Planner(bounds(false, Map.of()))
                .plan(Strategy.REMOTE_FALLBACK, asked(TaskClass.CODE, 0.9), ALL)
                .order())
        .containsExactly("ollama:llama", "tuned", "base");
  }

  @Test
  void theFirstRuleThatFitsDecides() {
    var others =
        new Rule("bob", Set.of("bob"), Set.of(), Set.of(), null, 0, 0, List.of("base"), null);
    var hard =
        new Rule(
            "hard", Set.of(), Set.of(), Set.of(), null, 0.8, 0, List.of(), Strategy.REMOTE_ONLY);
    var code =
        new Rule(
            "code",
            Set.of("ann"),
            Set.of(),
            Set.of(TaskClass.CODE),
            false,
            0,
            50,
            List.of("cohere:command", "tuned"),
            null);
    var planner = new Planner(bounds(true, Map.of(), others, hard, code));
    var easy = planner.plan(Strategy.LOCAL_FALLBACK, asked(TaskClass.CODE, 0.5), ALL);
    assertThat(easy.rule()).isEqualTo("rule code");
    assertThat(easy.order()).containsExactly("cohere:command", "tuned");
    var harder = planner.plan(Strategy.LOCAL_FALLBACK, asked(TaskClass.CODE, 0.8), ALL);
    assertThat(harder.rule()).isEqualTo("rule hard, remote_only: code, complexity 0.80");
    assertThat(harder.order()).containsExactly("openai:gpt", "cohere:command", "ollama:llama");
    assertThat(planner.plan(Strategy.LOCAL_FALLBACK, asked(TaskClass.WRITING, 0.5), ALL).rule())
        .isEqualTo("local_fallback: writing, complexity 0.50");
  }

  @Test
  void aSpecialistComesFirstAndWhatStandsBadlyLast() {
    var planner = new Planner(bounds(true, Map.of(TaskClass.CODE, "cohere:command")));
    assertThat(planner.plan(Strategy.HYBRID, asked(TaskClass.CODE, 0.5), ALL).order())
        .startsWith("cohere:command", "openai:gpt");
    var down = stands(TUNED, false, 1, 0, 0, null);
    var found =
        plan(Strategy.LOCAL_FALLBACK, asked(TaskClass.GREETING, 0), List.of(down, BASE, CLOUD));
    assertThat(found.order()).containsExactly("base", "openai:gpt", "tuned");
    assertThat(found.preferred()).isEqualTo("tuned");
    var full = stands(TUNED, true, 1, 8, 0, null);
    assertThat(
            plan(Strategy.LOCAL_FALLBACK, asked(TaskClass.GREETING, 0), List.of(full, BASE, CLOUD))
                .order())
        .containsExactly("base", "tuned", "openai:gpt");
  }

  @Test
  void anEmptyHouseSaysSo() {
    assertThat(plan(Strategy.HYBRID, asked(TaskClass.GREETING, 0), List.of()).leftOut())
        .containsExactly("there is no model here and no provider in lathe.yaml");
  }
}
