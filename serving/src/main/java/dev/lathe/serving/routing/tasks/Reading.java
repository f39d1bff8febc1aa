package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.routing.tasks.Cues.Cue;
import dev.lathe.serving.routing.tasks.Cues.Found;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Goes through the cues of the last message. One counts where the message says what is to be done
 * ({@link Emphasis}), and more where a sentence begins with it.
 */
final class Reading {
  private static final double OPENING = 1.5;

  /** Error messages stand in quotation marks; so do other people's requests. */
  private static final double QUOTED_CODE = 0.3;

  /** An order that takes what follows its colon for a text to work on. */
  private static final double ORDER = 3;

  private static final int A_REMARK = 40;
  private static final int A_TEXT = 6;
  private static final int A_LONG_TEXT = 600;

  private final RequestText text;
  private final Evidence evidence;
  private final Effort effort;
  private final String asked;
  private final Emphasis emphasis;
  private final Set<String> verbs = new HashSet<>();
  private int politeTo;
  private int greeted;
  private boolean either;

  Reading(RequestText text, Evidence evidence, Effort effort) {
    this.text = text;
    this.evidence = evidence;
    this.effort = effort;
    this.asked = text.asked();
    this.emphasis = Emphasis.of(asked);
  }

  void read(List<Found> all) {
    for (var found : all) {
      if (emphasis.says(found.from())) {
        boolean opens = opens(found.from());
        var words = found.words(asked);
        found.cues().forEach(cue -> said(cue, found, words, opens));
      } else if (emphasis.quotes(found.from())) {
        found.cues().stream()
            .filter(cue -> cue.name().equals("code"))
            .forEach(
                c -> evidence.add(TaskClass.CODE, c.weight() * QUOTED_CODE, found.words(asked)));
      }
    }
    if (evidence.of(TaskClass.GREETING) > 0 && onlyGreets()) {
      evidence.add(TaskClass.GREETING, 6, "nothing but a greeting");
    }
    if (verbs.size() >= 3) {
      evidence.add(TaskClass.MULTI_STEP, 1.5 * verbs.size() - 1, verbs.size() + " steps");
    }
    effort.said(emphasis.said());
    if (asked.length() - emphasis.said() >= A_TEXT) {
      besideAText();
    }
  }

  private void said(Cue cue, Found found, String words, boolean opens) {
    switch (cue.name()) {
      case "polite" -> politeTo = found.to();
      case "filler" -> greets(found);
      case "greeting" -> {
        greets(found);
        evidence.add(TaskClass.GREETING, 0.01, words);
      }
      case "hard", "easy", "personal", "condition" -> effort.add(cue.name(), cue.weight(), words);
      case "verb" -> {
        if (opens && verbs.add(words)) {
          effort.step();
        }
      }
      case "either" -> either = true;
      case "remark" -> {
        if (asked.length() < A_REMARK) {
          evidence.add(TaskClass.CONVERSATION, cue.weight(), words);
        }
      }
      case "tools" -> {
        if (text.tools() > 0) {
          evidence.add(TaskClass.TOOLS, cue.weight() * (opens ? OPENING : 1), words);
        }
      }
      case "simple_question" -> evidence.raise(TaskClass.SIMPLE_QUESTION, cue.weight(), words);
      case "conversation" -> evidence.add(TaskClass.CONVERSATION, cue.weight(), words);
      default -> {
        var task = cue.task().orElseThrow();
        evidence.add(task, cue.weight() * (opens ? OPENING : 1), words);
        if (opens && cue.weight() >= ORDER && RuleClassifier.ON_A_TEXT.contains(task)) {
          emphasis.pastedAfterColon(found.to());
        }
      }
    }
  }

  private void greets(Found found) {
    politeTo = found.to();
    greeted += found.to() - found.from();
  }

  /** Whether nothing but politeness stands between here and the begin of the sentence. */
  private boolean opens(int at) {
    for (int i = at - 1; i >= politeTo; i--) {
      char c = asked.charAt(i);
      if (c != ' ' && c != '¿' && c != '¡' && c != '(') {
        return ".!?:,;\n-。！？：，、".indexOf(c) >= 0;
      }
    }
    return true;
  }

  private boolean onlyGreets() {
    long letters = asked.chars().filter(Character::isLetterOrDigit).count();
    return letters - greeted < (Letters.dense(asked) ? 5 : 18);
  }

  /** What is asked of a text that stands there is rarely asked of the world. */
  private void besideAText() {
    if (either) {
      evidence.add(TaskClass.CLASSIFICATION, 3.5, "one or the other");
    }
    double question = evidence.of(TaskClass.SIMPLE_QUESTION);
    if (question > 0) {
      evidence.add(TaskClass.EXTRACTION, question + 1, "asked of a text");
    }
    double language = evidence.of(TaskClass.TRANSLATION);
    if (language >= 2 && language < 4) {
      evidence.add(TaskClass.TRANSLATION, 2, "a text beside a language");
    }
    if (asked.length() >= A_LONG_TEXT) {
      evidence.add(TaskClass.SUMMARISATION, 1.5, "a long text");
    }
  }
}
