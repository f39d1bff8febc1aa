package dev.lathe.registry.audit;

import dev.lathe.checkpoints.input.BadInput;

/**
 * Who decided something, and why.
 *
 * @param by a person's or a program's name, one line
 * @param reason in words; may have several lines
 */
public record Decision(String by, String reason) {
  private static final int LONGEST_NAME = 255;
  private static final int LONGEST_REASON = 2_000;

  /**
   * @throws BadInput when either is missing, too long, or holds control characters
   */
  public Decision {
    by = checked("who decides this is not said", by, LONGEST_NAME, "[\\P{Cntrl}]+");
    reason = checked("a reason is missing", reason, LONGEST_REASON, "[\\P{Cntrl}\\n\\t]+");
  }

  private static String checked(String missing, String text, int longest, String allowed) {
    var plain = text.strip();
    if (plain.isEmpty()) {
      throw new BadInput(missing, null, "The history keeps who decided, and why: give both.");
    }
    if (plain.length() > longest) {
      throw new BadInput(
          "too long for the history",
          plain.length() + " characters",
          "Use at most " + longest + ".");
    }
    if (!plain.matches(allowed)) {
      throw new BadInput(
          "control characters cannot be kept in the history",
          plain.replaceAll("\\p{Cntrl}", "?"),
          "Leave them out.");
    }
    return plain;
  }
}
