package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Decides by what the instruction says ({@link Cues}), by the request's shape and by what stands in
 * it. A cue counts by its place ({@link Emphasis}), more where a sentence begins with it. The
 * weights were tuned on one half of the labelled prompts; docs/routing.md tells how right it is on
 * the other.
 */
public final class RuleClassifier implements TaskClassifier {
  private static final Cues CUES = Cues.all();
  private static final double OPENING = 1.5;
  private static final double SYSTEM = 0.7;
  private static final double BEFORE = 0.4;
  private static final int MATERIAL = 6;
  private static final int LONG_PASTE = 600;
  private static final double OPENS_WITH = 6;
  private static final double QUOTED = 0.3;

  /** What a system message makes of all that follows, whatever it says. */
  private static final Set<TaskClass> STANDING =
      Set.of(
          TaskClass.TRANSLATION,
          TaskClass.CLASSIFICATION,
          TaskClass.EXTRACTION,
          TaskClass.SUMMARISATION);

  @Override
  public Assessment assess(ChatRequest request) {
    var text = RequestText.of(request);
    var evidence = new Evidence();
    var effort = new Effort(text);
    said(text, evidence, effort);
    shape(text, evidence);
    var task = evidence.strongest(TaskClass.CONVERSATION);
    var because = new ArrayList<>(evidence.reasonsFor(task));
    if (because.isEmpty()) {
      because.add("no cue");
    }
    double complexity = effort.of(task);
    because.addAll(effort.reasons());
    return new Assessment(task, complexity, List.copyOf(new LinkedHashSet<>(because)));
  }

  private static void said(RequestText text, Evidence evidence, Effort effort) {
    var asked = text.asked();
    var emphasis = Emphasis.of(asked);
    int politeTo = 0;
    int greeted = 0;
    var verbs = new HashSet<String>();
    for (var found : CUES.in(asked)) {
      double place = emphasis.at(found.from());
      var words = asked.substring(found.from(), found.to()).toLowerCase(Locale.ROOT);
      boolean opens = opens(asked, found.from(), politeTo);
      for (var cue : found.cues()) {
        if (place == 0) {
          // Error messages stand in quotation marks, and other people's requests.
          if (cue.name().equals("code")) {
            evidence.add(TaskClass.CODE, cue.weight() * QUOTED, words);
          }
          continue;
        }
        double weight = cue.weight() * place * (opens ? OPENING : 1);
        switch (cue.name()) {
          case "polite", "filler", "greeting" -> {
            politeTo = found.to();
            greeted += cue.name().equals("polite") ? 0 : found.to() - found.from();
            if (cue.name().equals("greeting")) {
              evidence.add(TaskClass.GREETING, 0.01, words);
            }
          }
          case "hard", "easy", "personal", "condition" -> effort.add(cue.name(), cue.weight() * place, words);
          case "verb" -> {
            if (opens && place == 1 && verbs.add(words)) {
              effort.step();
            }
          }
          case "remark" -> {
            if (asked.length() < 40) {
              evidence.add(TaskClass.CONVERSATION, weight, words);
            }
          }
          case "tools" -> {
            if (text.tools() > 0) {
              evidence.add(TaskClass.TOOLS, weight, words);
            }
          }
          case "simple_question" ->
              evidence.raise(TaskClass.SIMPLE_QUESTION, cue.weight() * place, words);
          default -> {
            var task = TaskClass.ofWireName(cue.name()).orElseThrow();
            evidence.add(task, task == TaskClass.CONVERSATION ? cue.weight() * place : weight, words);
            int colon = colonAfter(asked, found.to());
            if (STANDING.contains(task) && opens && cue.weight() >= 3 && colon > 0) {
              emphasis.pastedFrom(colon);
            }
          }
        }
      }
    }
    if (evidence.of(TaskClass.GREETING) > 0 && onlyGreets(asked, greeted)) {
      evidence.add(TaskClass.GREETING, 6, "nothing but a greeting");
    }
    if (verbs.size() >= 3) {
      evidence.add(TaskClass.MULTI_STEP, 1.5 * verbs.size() - 1, verbs.size() + " steps");
    }
    if (asked.length() - emphasis.said() >= MATERIAL) {
      material(asked, emphasis, evidence);
    }
    effort.said(emphasis.said());
  }

  /** What is asked of a text that stands there is rarely asked of the world. */
  private static void material(String asked, Emphasis emphasis, Evidence evidence) {
    if (Signs.alternatives(asked, emphasis)) {
      evidence.add(TaskClass.CLASSIFICATION, 3.5, "one or the other");
    }
    if (evidence.of(TaskClass.SIMPLE_QUESTION) > 0) {
      evidence.add(
          TaskClass.EXTRACTION, evidence.of(TaskClass.SIMPLE_QUESTION) + 1, "asked of a text");
    }
    double language = evidence.of(TaskClass.TRANSLATION);
    if (language >= 2 && language < 4) {
      evidence.add(TaskClass.TRANSLATION, 2, "a text beside a language");
    }
    if (asked.length() >= LONG_PASTE) {
      evidence.add(TaskClass.SUMMARISATION, 1.5, "a long text");
    }
  }

  /** Whether nothing that says what to do stands between here and the sentence's begin. */
  private static boolean opens(String text, int at, int politeTo) {
    for (int i = at - 1; i >= politeTo; i--) {
      char c = text.charAt(i);
      if (c != ' ' && c != '¿' && c != '¡' && c != '(') {
        return ".!?:,;\n-。！？：，、".indexOf(c) >= 0;
      }
    }
    return true;
  }

  private static int colonAfter(String text, int from) {
    for (int i = from; i < Math.min(text.length(), from + 160); i++) {
      char c = text.charAt(i);
      if (c == ':' || c == '：') {
        return i + 1;
      }
      if (c == '\n' || c == '.' || c == '?') {
        return -1;
      }
    }
    return -1;
  }

  private static boolean onlyGreets(String text, int greeted) {
    long letters = text.chars().filter(Character::isLetterOrDigit).count();
    boolean dense = text.chars().anyMatch(c -> c >= 0x2E80);
    return letters - greeted < (dense ? 5 : 18);
  }

  private static void shape(RequestText text, Evidence evidence) {
    var asked = text.asked();
    system(text.system(), evidence);
    if (text.toolResults()) {
      evidence.add(TaskClass.TOOLS, 6, "a tool's result");
    }
    if (text.tools() > 0) {
      evidence.add(TaskClass.TOOLS, 3.2, text.tools() == 1 ? "1 tool" : text.tools() + " tools");
    }
    if (text.works()) {
      evidence.add(
          TaskClass.TOOLS, 1 + evidence.of(TaskClass.CODE), "tools that change files");
    }
    if (text.tools() > 0 && evidence.of(TaskClass.TOOLS) > 5) {
      evidence.add(TaskClass.TOOLS, evidence.of(TaskClass.MULTI_STEP), "several steps");
    }
    if (text.structured()) {
      evidence.add(TaskClass.EXTRACTION, 2.5, "a JSON answer");
    }
    if (Signs.code(asked) && STANDING.stream().allMatch(t -> evidence.of(t) < OPENS_WITH)) {
      evidence.add(TaskClass.CODE, 2, "looks like code");
    }
    if (asked.length() < 400 && evidence.of(TaskClass.CODE) < 2 && Signs.formula(asked)) {
      evidence.add(TaskClass.MATHS, 3.5, "a formula");
    }
    if (asked.length() < 400 && Signs.question(asked) && Signs.quantities(asked) >= 2) {
      evidence.add(TaskClass.MATHS, 3, "quantities");
    }
    if (asked.length() < 250 && Signs.question(asked)) {
      evidence.add(TaskClass.SIMPLE_QUESTION, 0.9, "?");
    }
    if (evidence.none() && Signs.nameless(asked)) {
      evidence.add(TaskClass.SIMPLE_QUESTION, 0.5, "something of something");
    }
    if (text.turns() > 0) {
      earlier(text.before(), evidence);
      evidence.add(TaskClass.CONVERSATION, 1, "a dialogue");
    }
    if (Math.max(evidence.of(TaskClass.CODE), evidence.of(TaskClass.MATHS)) >= 2) {
      evidence.halve(TaskClass.SIMPLE_QUESTION); // what a closure is, is asked of a programmer
    }
    if (evidence.kindsAbove(4) >= 3) {
      evidence.add(TaskClass.MULTI_STEP, 5, "several tasks");
    }
  }

  private static void system(String system, Evidence evidence) {
    for (var found : CUES.in(system)) {
      for (var cue : found.cues()) {
        TaskClass.ofWireName(cue.name())
            .filter(t -> t != TaskClass.GREETING && t != TaskClass.CONVERSATION)
            .ifPresent(
                task ->
                    evidence.add(
                        task,
                        cue.weight() * (STANDING.contains(task) ? 2 : SYSTEM),
                        system.substring(found.from(), found.to())));
      }
    }
  }

  private static void earlier(String before, Evidence evidence) {
    for (var found : CUES.in(before)) {
      for (var cue : found.cues()) {
        TaskClass.ofWireName(cue.name())
            .filter(t -> t != TaskClass.GREETING && t != TaskClass.TOOLS)
            .ifPresent(
                task ->
                    evidence.add(
                        task,
                        cue.weight() * BEFORE,
                        before.substring(found.from(), found.to())));
      }
    }
  }
}
