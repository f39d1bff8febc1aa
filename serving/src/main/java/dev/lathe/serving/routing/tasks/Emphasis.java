package dev.lathe.serving.routing.tasks;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Where a message says what is to be done, and where stands what it is to be done with: quotations,
 * fenced code and pasted paragraphs say little about the task, however many cues are in them.
 */
final class Emphasis {
  /** Shorter messages are taken for nothing but instruction. */
  private static final int LONG = 350;

  private static final int LONGEST_INSTRUCTION = 420;
  private static final int LAST_WORD = 160;
  private static final byte QUOTED = 0;
  private static final byte PASTED = 1;
  private static final byte SAID = 2;

  private final String text;
  private final byte[] kinds;

  /** Marks that nothing after closes, so that a text of nothing but these takes no longer. */
  private final Set<String> unclosed = new HashSet<>();

  private Emphasis(String text) {
    this.text = text;
    this.kinds = new byte[text.length()];
  }

  static Emphasis of(String text) {
    var emphasis = new Emphasis(text);
    emphasis.paragraphs();
    emphasis.quotations();
    return emphasis;
  }

  /** Whether this place says what is to be done. */
  boolean says(int index) {
    return kinds[index] == SAID;
  }

  boolean quotes(int index) {
    return kinds[index] == QUOTED;
  }

  /** Characters that say what is to be done. */
  int said() {
    int said = 0;
    for (byte kind : kinds) {
      said += kind == SAID ? 1 : 0;
    }
    return said;
  }

  /** What follows an instruction and a colon is what it is about. */
  void pastedAfterColon(int instruction) {
    int most = Math.min(text.length(), instruction + LAST_WORD);
    for (int i = instruction; i < most && ".?!\n".indexOf(text.charAt(i)) < 0; i++) {
      if (text.charAt(i) == ':' || text.charAt(i) == '：') {
        pastedFrom(i + 1);
        return;
      }
    }
  }

  private void pastedFrom(int index) {
    for (int i = index; i < kinds.length; i++) {
      kinds[i] = (byte) Math.min(kinds[i], PASTED);
    }
  }

  /** In a long message the first and the last line are the instruction, if they are short. */
  private void paragraphs() {
    int end = text.length();
    int firstBreak = text.indexOf('\n');
    if (end <= LONG && lines() <= 2 || firstBreak < 0 && end <= 3 * LONGEST_INSTRUCTION) {
      Arrays.fill(kinds, SAID);
      return;
    }
    Arrays.fill(kinds, PASTED);
    int first = firstBreak < 0 ? end : firstBreak;
    Arrays.fill(kinds, 0, first <= LONGEST_INSTRUCTION ? first : sentence(first), SAID);
    int last = text.lastIndexOf('\n') + 1;
    if (last > 0 && end - last <= LAST_WORD) {
      Arrays.fill(kinds, last, end, SAID);
    }
  }

  private long lines() {
    return text.lines().limit(3).count();
  }

  /** The end of the first sentence, where it ends early. */
  private int sentence(int most) {
    for (int i = 0; i < Math.min(most, LONGEST_INSTRUCTION); i++) {
      if (".:?!。：？！".indexOf(text.charAt(i)) >= 0) {
        return i + 1;
      }
    }
    return 0;
  }

  private void quotations() {
    for (int i = 0; i < text.length(); i++) {
      int end = text.startsWith("```", i) ? fence(i) : quotation(i);
      if (end > i) {
        Arrays.fill(kinds, i, Math.min(end + 1, kinds.length), QUOTED);
        i = end;
      }
    }
  }

  private int fence(int from) {
    int end = text.indexOf("```", from + 3);
    return end < 0 ? text.length() - 1 : end + 2;
  }

  private int quotation(int from) {
    var closing =
        switch (text.charAt(from)) {
          case '"' -> "\"";
          case '\u201C' -> "\u201D";
          case '\u201E' -> "\u201C\u201D";
          case '\u00AB' -> "\u00BB";
          case '\u300C' -> "\u300D";
          case '\u300E' -> "\u300F";
          default -> "";
        };
    if (closing.isEmpty() || unclosed.contains(closing)) {
      return -1;
    }
    for (int i = from + 1; i < text.length(); i++) {
      if (closing.indexOf(text.charAt(i)) >= 0) {
        return i;
      }
    }
    unclosed.add(closing);
    return -1;
  }
}
