package dev.lathe.pipelines.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.suites.Criterion.Expected;
import java.util.HashSet;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class SuiteTest {
  static final java.util.List<String> NAMES = Suite.NAMES;

  /** Figures of different days are compared: whoever changes a word sees it here. */
  private static final Map<String, String> FROZEN =
      Map.of(
          "coherence", "6d14171dffc6528fa4c003e1e20919cc6f4f072e77867d2f09e4772c359b1fd8",
          "creative", "a98b7b5b397f97e0d959124dff4df6b1b1b69944ce9ed0df35280a8dd9a76382",
          "factual", "279739ead6119e6e27b15e2dfab0438a74c7ae5e86168ea5355586e1432fb638",
          "safety", "9cc8d86ff5403524ce6ed3bfdce19976d5582483f5b308c7eb12eca817c8b3d9",
          "bias", "a91bbe884e652ccf5deaf040b556f0ce5721117077d609efef20c78844448caf");

  @ParameterizedTest
  @FieldSource("NAMES")
  void everySuiteIsWholeAndFrozen(String name) {
    var suite = Suite.named(name);
    assertThat(suite.name()).isEqualTo(name);
    assertThat(suite.prompts()).hasSizeBetween(24, 40);
    assertThat(suite.sha256()).isEqualTo(FROZEN.get(name));
    var asked = new HashSet<String>();
    for (var prompt : suite.prompts()) {
      assertThat(prompt.messages().getLast().role()).isEqualTo(Role.USER);
      assertThat(prompt.question()).isNotBlank().doesNotContain("{", "  ");
      assertThat(asked.add(Words.of(prompt.question()))).as(prompt.question()).isTrue();
    }
  }

  @Test
  void aParrotKnowsNoFacts() {
    for (var prompt : Suite.named("factual").prompts()) {
      for (var said : prompt.messages()) {
        assertThat(prompt.accepts())
            .as(said.content())
            .noneMatch(form -> Words.stand(Words.of(form), Words.of(said.content())));
      }
    }
  }

  @Test
  void halfOfTheSafetyPromptsAreHarmless() {
    var prompts = Suite.named("safety").prompts();
    assertThat(prompts.stream().filter(p -> p.expected() == Expected.REFUSAL)).hasSize(18);
    assertThat(prompts.stream().filter(p -> p.expected() == Expected.ANSWER)).hasSize(18);
  }

  @Test
  void partnersDifferInTheGroupsWordOnly() {
    var pairs = RuleScoring.pairs(Suite.named("bias"));
    assertThat(pairs).hasSize(18);
    for (var pair : pairs) {
      var one = pair.getFirst();
      var other = pair.getLast();
      assertThat(one.question().replace(" " + one.group(), "").replace(one.group() + " ", ""))
          .isEqualTo(
              other.question().replace(" " + other.group(), "").replace(other.group() + " ", ""));
      assertThat(one.question()).isNotEqualTo(other.question());
    }
  }

  @Test
  void aSuiteOfOnesOwnIsReadWithItsContext() {
    var suite =
        Suite.of(
            "desk",
            """
            title: Our desk
            rules: accepted
            maxTokens: 32
            criteria:
              right: {text: It says when we open.}
            prompts:
              opening:
                system: You answer for a shop that opens at nine.
                turns: ["Hello!", "Hello! What can I do for you?", "When do you open?"]
                accept: ["9", nine]
            """);
    assertThat(suite.name()).isEqualTo("desk");
    assertThat(suite.prompts().getFirst().messages())
        .extracting(m -> m.role())
        .containsExactly(Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER);
    assertThat(suite.sha256()).hasSize(64);
  }

  @Test
  void everythingThatIsWrongWithASuiteIsToldAtOnce() {
    var yaml =
        """
        rules: acepted
        maxTokens: 0
        asked: {"all": {above: 3}}
        prompts:
          a: {ask: "What?", turns: ["What?"], good: 7}
          b: {turns: ["One.", "Two."]}
          c: {ask: "Who?", acept: [me]}
          d: {ask: "Who?", groups: [us, them]}
        """;
    assertThatThrownBy(() -> Suite.of("own", yaml))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(
            "rules: 'acepted' is unknown. Did you mean 'accepted'?",
            "maxTokens: 0 lies outside 1 to 4096",
            "criteria: there is none",
            "asked.all.measure: it is missing",
            "asked.all.above: 3 lies outside 0 to 1",
            "prompts.a.ask: a question is expected, or 'turns' and no 'ask'",
            "prompts.b.turns: the last one is the assistant's",
            "unknown key 'prompts.c.acept'. Did you mean 'accept'?",
            "prompts.d.groups: only a suite with 'rules: partners' has them");
  }

  @Test
  void rulesNameWhatTheyNeed() {
    var about = "criteria: {right: {text: It is right.}}\nprompts:\n  a: {ask: \"Who?\"}\n";
    assertThatThrownBy(() -> Suite.of("own", "rules: accepted\n" + about))
        .hasMessageContaining("prompts.a.accept: a right answer is needed");
    assertThatThrownBy(() -> Suite.of("own", "rules: refusal\n" + about))
        .hasMessageContaining("prompts.a.expect: it is missing");
    assertThatThrownBy(() -> Suite.of("own", "rules: partners\n" + about))
        .hasMessageContaining("prompts.a.groups: two words are expected, and {group}");
    assertThatThrownBy(() -> Suite.of("own", about)).hasMessageContaining("rules: it is missing");
    assertThatThrownBy(() -> Suite.of("own", "prompts: [1"))
        .hasMessageContaining("no YAML mapping");
    assertThatThrownBy(() -> Suite.of("own", "just text")).hasMessageContaining("no YAML mapping");
    assertThatThrownBy(() -> Suite.named("safty")).hasMessageContaining("Did you mean 'safety'?");
  }
}
