package dev.lathe.datasets.chat.jinja;

/**
 * Bounds what one rendering may do, so that a hostile template can neither hang nor fill the
 * memory. A step costs 1, text made on the way its length / 4, a list its size.
 */
final class Budget {
  static final int LONGEST_TEXT = 1 << 25;
  private static final long STEPS = 10_000_000;
  private static final int DEEPEST_CALL = 200;

  /** That of the rendering under way, for what walks values without being told whose they are. */
  static final ScopedValue<Budget> CURRENT = ScopedValue.newInstance();

  private long left = STEPS;
  private int calls;

  /** Values may share parts, so that walking one takes far longer than making it did. */
  static void walked(long size) {
    if (CURRENT.isBound()) {
      CURRENT.get().spend(size);
    }
  }

  void step() {
    spend(1);
  }

  String text(String made) {
    room(made.length());
    return made;
  }

  /** To be asked before text of this length is made. */
  void room(long length) {
    if (length > LONGEST_TEXT) {
      throw new JinjaError("more than " + LONGEST_TEXT + " characters in one text");
    }
    spend(1 + length / 4);
  }

  void spend(long steps) {
    left -= steps;
    if (left < 0) {
      throw new JinjaError("the template works too long: more than " + STEPS + " steps");
    }
  }

  void enter() {
    if (++calls > DEEPEST_CALL) {
      throw new JinjaError("calls nested deeper than " + DEEPEST_CALL);
    }
  }

  void leave() {
    calls--;
  }
}
