package dev.lathe.datasets.chat.jinja;

/**
 * @param text the operator, the name, the literal's value as text, or the template's own text
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    TEXT,
    BLOCK_BEGIN,
    BLOCK_END,
    PRINT_BEGIN,
    PRINT_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind k, String t) {
    return kind == k && text.equals(t);
  }
}
