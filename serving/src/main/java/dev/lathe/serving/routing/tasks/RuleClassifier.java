package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Decides by what the instruction says ({@link Reading}), by the request's shape and by what stands
 * in it. docs/routing.md tells how right it is.
 */
public final class RuleClassifier implements TaskClassifier {
  private static final Cues CUES = Cues.all();

  /** How much a system message's cue counts: for work that it sets once for all, and otherwise. */
  private static final double STANDING_ORDER = 2;

  private static final double BACKGROUND = 0.7;
  private static final double EARLIER = 0.4;

  /** A cue of the weightiest kind at the begin of a sentence. */
  private static final double PLAIN_ORDER = 6;

  /** Work on a text that stands there, which may look like anything. */
  static final Set<TaskClass> ON_A_TEXT =
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
    new Reading(text, evidence, effort).read(CUES.in(text.asked()));
    for (var found : CUES.in(text.system())) {
      for (var cue : found.cues()) {
        cue.task()
            .filter(t -> t != TaskClass.GREETING && t != TaskClass.CONVERSATION)
            .ifPresent(
                t ->
                    evidence.add(
                        t,
                        cue.weight() * (ON_A_TEXT.contains(t) ? STANDING_ORDER : BACKGROUND),
                        found.words(text.system())));
      }
    }
    tools(text, evidence);
    signs(text, evidence);
    dialogue(text, evidence);
    if (evidence.kindsAbove(4) >= 3) {
      evidence.add(TaskClass.MULTI_STEP, 5, "several tasks");
    }
    var task = evidence.strongest(TaskClass.CONVERSATION);
    var because = new LinkedHashSet<>(evidence.reasonsFor(task));
    because.addAll(effort.reasons());
    return new Assessment(
        task, effort.of(task), because.isEmpty() ? List.of("no cue") : new ArrayList<>(because));
  }

  private static void tools(RequestText text, Evidence evidence) {
    if (text.toolResults()) {
      evidence.add(TaskClass.TOOLS, 6, "a tool's result");
    }
    if (text.tools() == 0) {
      return;
    }
    evidence.add(TaskClass.TOOLS, 3.2, text.tools() == 1 ? "1 tool" : text.tools() + " tools");
    if (text.works()) {
      evidence.add(TaskClass.TOOLS, 1 + evidence.of(TaskClass.CODE), "tools that change files");
    }
    if (evidence.of(TaskClass.TOOLS) > 5) {
      evidence.add(TaskClass.TOOLS, evidence.of(TaskClass.MULTI_STEP), "several steps");
    }
  }

  private static void signs(RequestText text, Evidence evidence) {
    var asked = text.asked();
    if (text.structured()) {
      evidence.add(TaskClass.EXTRACTION, 2.5, "a JSON answer");
    }
    if (ON_A_TEXT.stream().allMatch(t -> evidence.of(t) < PLAIN_ORDER) && Signs.code(asked)) {
      evidence.add(TaskClass.CODE, 2, "looks like code");
    }
    if (evidence.of(TaskClass.CODE) < 2 && Signs.formula(asked)) {
      evidence.add(TaskClass.MATHS, 3.5, "a formula");
    }
    if (Signs.sum(asked)) {
      evidence.add(TaskClass.MATHS, 3, "quantities");
    }
    if (Signs.question(asked)) {
      evidence.add(TaskClass.SIMPLE_QUESTION, 0.9, "?");
    }
    if (Math.max(evidence.of(TaskClass.CODE), evidence.of(TaskClass.MATHS)) >= 2) {
      evidence.halve(TaskClass.SIMPLE_QUESTION); // what a closure is, is asked of a programmer
    }
    if (evidence.none() && Signs.searched(asked)) {
      evidence.add(TaskClass.SIMPLE_QUESTION, 0.5, "as one searches");
    }
  }

  /** A follow-up without words of its own goes on with what was talked of. */
  private static void dialogue(RequestText text, Evidence evidence) {
    if (text.turns() == 0) {
      return;
    }
    evidence.add(TaskClass.CONVERSATION, 1, "a dialogue");
    for (var found : CUES.in(text.before())) {
      for (var cue : found.cues()) {
        cue.task()
            .filter(t -> t != TaskClass.GREETING && t != TaskClass.TOOLS)
            .ifPresent(t -> evidence.add(t, cue.weight() * EARLIER, found.words(text.before())));
      }
    }
  }
}
