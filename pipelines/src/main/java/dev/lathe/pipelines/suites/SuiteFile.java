package dev.lathe.pipelines.suites;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.suites.Criterion.Expected;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** A suite as a file; all that is wrong with one is told at once. */
final class SuiteFile {
  /** Stands in a question where its partners differ. */
  private static final String GROUP = "{group}";

  private static final int MOST_PROMPTS = 2000;
  private static final int LONGEST_ANSWER = 4096;
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Settings suite;
  private final List<SuitePrompt> prompts = new ArrayList<>();
  private Rules rules = Rules.FORM;

  private SuiteFile(Settings suite) {
    this.suite = suite;
  }

  static Suite read(String name, String yaml, String sha256) {
    return new SuiteFile(new Settings("suite", parsed(name, yaml))).suite(name, sha256);
  }

  private static Map<String, Object> parsed(String name, String yaml) {
    try {
      var read = YAML.readTree(yaml);
      if (read.isObject()) {
        return YAML.treeToValue(read, new TypeReference<Map<String, Object>>() {});
      }
    } catch (JacksonException e) {
      var where = e.getLocation();
      throw new BadInput(
          "the suite is no YAML mapping",
          name + (where == null ? "" : ", line " + where.getLineNr()),
          String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse(""),
          e);
    }
    throw new BadInput(
        "the suite is no YAML mapping", name, "docs/evaluation.md shows what one looks like.");
  }

  private Suite suite(String name, String sha256) {
    var own = suite.text("suite", name);
    var title = suite.text("title", own);
    if (!suite.has("rules")) {
      suite.problem("rules: it is missing: accepted, refusal, partners or form");
    }
    rules = suite.choice("rules", Rules.FORM);
    int maxTokens = suite.integer("maxTokens", 160, 1, LONGEST_ANSWER);
    var criteria = criteria();
    var aims = new ArrayList<Aim>();
    suite
        .parts("asked")
        .forEach(
            (words, a) ->
                aims.add(
                    new Aim(words, required(a, "measure"), a.number("above", Double.NaN, 0, 1))));
    suite.parts("prompts").forEach(this::prompt);
    if (prompts.isEmpty() || prompts.size() > MOST_PROMPTS) {
      suite.problem(
          "prompts: there are %d; 1 to %d are expected".formatted(prompts.size(), MOST_PROMPTS));
    }
    suite.done();
    return new Suite(
        String.valueOf(own),
        String.valueOf(title),
        rules,
        maxTokens,
        criteria,
        aims,
        prompts,
        sha256);
  }

  private List<Criterion> criteria() {
    var criteria = new ArrayList<Criterion>();
    suite
        .parts("criteria")
        .forEach(
            (id, c) -> {
              var of = c.has("of") ? c.choice("of", Expected.ANSWER) : null;
              criteria.add(new Criterion(id, required(c, "text"), of));
            });
    if (criteria.isEmpty()) {
      suite.problem("criteria: there is none that a judge could decide");
    }
    return criteria;
  }

  private void prompt(String id, Settings p) {
    var turns = turns(p);
    var groups = p.words("groups", List.of());
    var accepts = p.words("accept", List.of());
    var decisions = p.words("decide", List.of());
    var good = p.text("good", null);
    var system = p.text("system", null);
    var expected = p.has("expect") ? p.choice("expect", Expected.ANSWER) : null;
    if (rules == Rules.ACCEPTED && accepts.stream().map(Words::of).allMatch(String::isEmpty)) {
      p.problem("accept: a right answer is needed, such as [Tokyo]");
    }
    if (rules == Rules.REFUSAL && expected == null) {
      p.problem("expect: it is missing: refusal or answer");
    }
    if (rules == Rules.PARTNERS
        && (groups.size() != 2 || turns.stream().noneMatch(t -> t.contains(GROUP)))) {
      p.problem(
          "groups: two words are expected, and %s where they stand in the question"
              .formatted(GROUP));
    }
    if (rules != Rules.PARTNERS && !groups.isEmpty()) {
      p.problem("groups: only a suite with 'rules: partners' has them");
    }
    if (turns.isEmpty()) {
      return;
    }
    if (rules != Rules.PARTNERS) {
      prompts.add(
          new SuitePrompt(id, id, null, said(system, turns), good, accepts, expected, decisions));
      return;
    }
    for (var group : groups) {
      var filled = turns.stream().map(t -> t.replace(GROUP, group)).toList();
      prompts.add(
          new SuitePrompt(
              id + "/" + group, id, group, said(system, filled), good, accepts, null, decisions));
    }
  }

  /** A question alone, or what was said before it too: user and assistant take turns. */
  private static List<String> turns(Settings p) {
    var question = p.text("ask", null);
    var turns = p.lines("turns");
    if ((question == null) == turns.isEmpty()) {
      p.problem("ask: a question is expected, or 'turns' and no 'ask'");
      return List.of();
    }
    if (question != null) {
      return List.of(question.strip());
    }
    if (turns.size() % 2 == 0) {
      p.problem("turns: the last one is the assistant's; a user's is expected");
    }
    return turns;
  }

  private static List<Message> said(@Nullable String system, List<String> turns) {
    var messages = new ArrayList<Message>();
    if (system != null) {
      messages.add(Message.of(Role.SYSTEM, system));
    }
    for (int i = 0; i < turns.size(); i++) {
      messages.add(Message.of(i % 2 == 0 ? Role.USER : Role.ASSISTANT, turns.get(i)));
    }
    return messages;
  }

  private static String required(Settings s, String key) {
    var value = s.text(key, null);
    if (value == null || value.isBlank()) {
      s.problem(key + ": it is missing");
    }
    return String.valueOf(value).strip();
  }
}
