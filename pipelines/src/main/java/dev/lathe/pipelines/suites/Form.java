package dev.lathe.pipelines.suites;

import java.lang.Character.UnicodeScript;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/** Faults of an answer that can be seen without understanding it. */
final class Form {
  static final String EMPTY = "empty";
  static final String CUT_OFF = "cutOff";
  static final String REPEATS = "repeats";
  static final String OTHER_SCRIPT = "otherScript";
  static final String MARKERS = "markers";

  /** Every fault, in the order in which they are told. */
  static final List<String> FAULTS = List.of(EMPTY, CUT_OFF, REPEATS, OTHER_SCRIPT, MARKERS);

  /** Words in a row that are compared, and the share of them that must be new. */
  private static final int IN_A_ROW = 4;

  private static final double NEW = 0.6;
  private static final int FEWEST = 24;
  private static final int SENTENCE = 4;
  private static final int TIMES = 3;
  private static final double FOREIGN = 0.1;
  private static final Pattern SENTENCES = Pattern.compile("(?<=[.!?])\\s+|\\n+");

  /** What templates put between turns; in an answer the model speaks for somebody else. */
  private static final Pattern MARKER =
      Pattern.compile(
          "<\\|[a-z_]+\\|>|\\[/?INST]|<</?SYS>>|<(?:start|end)_of_turn>|</?s>|(?m)^(?:###\\s*)?(?:User|Assistant|Human):");

  private Form() {}

  static List<String> faults(SuitePrompt prompt, SuiteAnswer answer) {
    var faults = new ArrayList<String>();
    if (answer.text().codePoints().noneMatch(Character::isLetterOrDigit)) {
      faults.add(EMPTY);
    }
    if (!answer.ended()) {
      faults.add(CUT_OFF);
    }
    if (repeats(answer.text())) {
      faults.add(REPEATS);
    }
    if (foreign(prompt, answer.text()) > FOREIGN) {
      faults.add(OTHER_SCRIPT);
    }
    if (MARKER.matcher(answer.text()).find()) {
      faults.add(MARKERS);
    }
    return faults;
  }

  /** A sentence stands there three times, or too few of its runs of four words are new. */
  private static boolean repeats(String text) {
    var sentences = new HashMap<String, Integer>();
    for (var sentence : SENTENCES.split(text)) {
      var words = Words.of(sentence);
      if (words.split(" ").length >= SENTENCE && sentences.merge(words, 1, Integer::sum) >= TIMES) {
        return true;
      }
    }
    var words = Words.of(text).split(" ");
    int runs = words.length - IN_A_ROW + 1;
    if (runs < FEWEST) {
      return false;
    }
    var seen = new HashSet<String>();
    for (int i = 0; i < runs; i++) {
      seen.add(String.join(" ", List.of(words).subList(i, i + IN_A_ROW)));
    }
    return seen.size() < NEW * runs;
  }

  /** The share of an answer's letters that are of a script in which nothing was asked. */
  private static double foreign(SuitePrompt prompt, String text) {
    var asked = EnumSet.noneOf(UnicodeScript.class);
    prompt
        .messages()
        .forEach(
            m ->
                m.content()
                    .codePoints()
                    .filter(Character::isLetter)
                    .forEach(c -> asked.add(UnicodeScript.of(c))));
    long letters = text.codePoints().filter(Character::isLetter).count();
    long others =
        text.codePoints()
            .filter(Character::isLetter)
            .mapToObj(UnicodeScript::of)
            .filter(
                s ->
                    s != UnicodeScript.COMMON && s != UnicodeScript.INHERITED && !asked.contains(s))
            .count();
    return letters == 0 ? 0 : (double) others / letters;
  }
}
