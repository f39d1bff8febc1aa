package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Decides by cues in the text and by the request's shape. */
public final class RuleClassifier implements TaskClassifier {
  private static final Cues CUES = Cues.all();

  @Override
  public Assessment assess(ChatRequest request) {
    var text = RequestText.of(request);
    var because = new ArrayList<String>();
    double complexity = Math.min(0.3, text.length() / 8000.0);
    Map<TaskClass, Double> scores = new EnumMap<>(TaskClass.class);
    for (var found : CUES.in(text.asked())) {
      var cue = found.cue();
      switch (cue.name()) {
        case "hard" -> complexity += 0.2 * cue.weight();
        case "easy" -> complexity -= 0.1 * cue.weight();
        default ->
            scores.merge(TaskClass.ofWireName(cue.name()).orElseThrow(), cue.weight(), Double::sum);
      }
      because.add(text.asked().substring(found.from(), found.to()));
    }
    if (text.tools() > 0) {
      scores.merge(TaskClass.TOOLS, 4.0, Double::sum);
      because.add(text.tools() + " tools");
    }
    if (text.structured()) {
      scores.merge(TaskClass.EXTRACTION, 2.0, Double::sum);
      because.add("structured answer");
    }
    var task = TaskClass.CONVERSATION;
    for (var score : scores.entrySet()) {
      if (score.getValue() > scores.getOrDefault(task, 0.5)) {
        task = score.getKey();
      }
    }
    return new Assessment(
        task,
        Math.clamp(base(task) + complexity, 0, 1),
        because.isEmpty() ? List.of("no cue") : because);
  }

  private static double base(TaskClass task) {
    return switch (task) {
      case GREETING -> 0.05;
      case SIMPLE_QUESTION, CLASSIFICATION -> 0.15;
      case EXTRACTION, TRANSLATION, CONVERSATION, SUMMARISATION -> 0.25;
      case WRITING -> 0.4;
      case CODE, MATHS, TOOLS -> 0.5;
      case MULTI_STEP -> 0.65;
    };
  }
}
