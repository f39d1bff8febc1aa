package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Template text to tokens. Whitespace as with {@code trim_blocks} (the newline after a block or
 * comment goes) and {@code lstrip_blocks} (blanks before one at the start of a line go); {@code -}
 * strips all whitespace on its side, {@code +} strips none.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");
  private static final Pattern NUMBER =
      Pattern.compile(
          "(?<float>\\d+(?:_\\d+)*(?:\\.\\d+(?:_\\d+)*(?:[eE][+-]?\\d+)?|[eE][+-]?\\d+))"
              + "|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\\d+(?:_\\d+)*");
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(-%\\}|%\\})");
  private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-%\\}|%\\})");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  /** Whether what came last ended a line, so that blanks now would stand at a line's start. */
  private boolean lineStarts = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    var text = template.replace("\r\n", "\n").replace('\r', '\n');
    // Jinja drops one newline at the very end.
    return new Lexer(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text).run();
  }

  private List<Token> run() {
    while (at < source.length()) {
      int tag = nextTag(at);
      if (tag < 0) {
        text(source.substring(at));
        at = source.length();
        break;
      }
      char kind = source.charAt(tag + 1);
      char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
      text(stripped(source.substring(at, tag), kind, sign));
      line += lines(at, tag);
      at = tag;
      var raw = RAW.matcher(source).region(at, source.length());
      if (kind == '#') {
        comment(sign);
      } else if (kind == '%' && raw.lookingAt()) {
        raw(raw.end(), raw.group(1).startsWith("-"));
      } else {
        code(kind, sign);
      }
    }
    tokens.add(new Token(Kind.END, "", line));
    return tokens;
  }

  private int nextTag(int from) {
    for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "%{#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String stripped(String text, char kind, char sign) {
    if (sign == '-') {
      return Text.rstrip(text);
    }
    int start = text.lastIndexOf('\n') + 1;
    boolean atLineStart = start > 0 || lineStarts;
    if (sign != '+' && kind != '{' && atLineStart && Text.isBlank(text.substring(start))) {
      return text.substring(0, start);
    }
    return text;
  }

  private void text(String text) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Kind.TEXT, text, line));
    }
  }

  private void comment(char sign) {
    int end = source.indexOf("#}", at + (sign == '-' || sign == '+' ? 3 : 2));
    if (end < 0) {
      throw JinjaError.at(line, "a comment {# without its #}");
    }
    char before = source.charAt(end - 1);
    advance(end + 2);
    afterTag(before, true);
  }

  private void raw(int bodyAt, boolean stripFirst) {
    var end = END_RAW.matcher(source);
    if (!end.find(bodyAt)) {
      throw JinjaError.at(line, "{% raw %} without its {% endraw %}");
    }
    advance(bodyAt);
    afterTag(stripFirst ? '-' : ' ', false);
    var sign = end.group(1);
    text(stripped(source.substring(at, end.start()), '%', sign.isEmpty() ? ' ' : sign.charAt(0)));
    advance(end.end());
    afterTag(end.group(2).charAt(0), true);
  }

  private void code(char kind, char sign) {
    boolean block = kind == '%';
    tokens.add(new Token(block ? Kind.BLOCK_BEGIN : Kind.PRINT_BEGIN, "", line));
    advance(at + (sign == '-' || sign == '+' ? 3 : 2));
    var close = block ? "%}" : "}}";
    Deque<Character> open = new ArrayDeque<>();
    while (true) {
      skipBlanks();
      if (at >= source.length()) {
        throw JinjaError.at(line, "a tag without its " + close);
      }
      char c = source.charAt(at);
      boolean signed = (c == '-' || (c == '+' && block)) && source.startsWith(close, at + 1);
      if (open.isEmpty() && (signed || source.startsWith(close, at))) {
        tokens.add(new Token(block ? Kind.BLOCK_END : Kind.PRINT_END, "", line));
        advance(at + close.length() + (signed ? 1 : 0));
        afterTag(signed ? c : ' ', block);
        return;
      }
      one(c, open);
    }
  }

  /** Strips what the closing sign strips, and notes whether a line begins here. */
  private void afterTag(char sign, boolean trimsNewline) {
    int from = at;
    if (sign == '-') {
      while (at < source.length() && Text.isSpace(source.charAt(at))) {
        advance(at + 1);
      }
    } else if (sign != '+' && trimsNewline && source.startsWith("\n", at)) {
      advance(at + 1);
    }
    lineStarts = at > from && source.charAt(at - 1) == '\n';
  }

  private void one(char c, Deque<Character> open) {
    if (c == '\'' || c == '"') {
      string(c);
    } else if (Character.isDigit(c)) {
      number();
    } else if (Character.isUnicodeIdentifierStart(c) || c == '_') {
      int end = at + 1;
      while (end < source.length() && Character.isUnicodeIdentifierPart(source.charAt(end))) {
        end++;
      }
      push(Kind.NAME, source.substring(at, end), end);
    } else {
      var operator =
          OPERATORS.stream()
              .filter(o -> source.startsWith(o, at))
              .findFirst()
              .orElseThrow(() -> JinjaError.at(line, "unexpected character '" + c + "'"));
      balance(operator, open);
      push(Kind.OPERATOR, operator, at + operator.length());
    }
  }

  private void balance(String operator, Deque<Character> open) {
    switch (operator) {
      case "(" -> open.push(')');
      case "[" -> open.push(']');
      case "{" -> open.push('}');
      case ")", "]", "}" -> {
        if (open.isEmpty() || open.pop() != operator.charAt(0)) {
          throw JinjaError.at(line, "unexpected '" + operator + "'");
        }
      }
      default -> {}
    }
  }

  private void number() {
    var matcher = NUMBER.matcher(source).region(at, source.length());
    if (!matcher.lookingAt()) {
      throw JinjaError.at(line, "not a number");
    }
    // A dot after digits belongs to the number only where digits follow it: 1.real is no float.
    push(
        matcher.group("float") != null ? Kind.FLOAT : Kind.INTEGER, matcher.group(), matcher.end());
  }

  private void string(char quote) {
    int i = at + 1;
    while (i < source.length() && source.charAt(i) != quote) {
      i += source.charAt(i) == '\\' ? 2 : 1;
    }
    if (i >= source.length()) {
      throw JinjaError.at(line, "a string without its closing quote");
    }
    push(Kind.STRING, Text.unescaped(source.substring(at + 1, i), line), i + 1);
  }

  private void push(Kind kind, String text, int end) {
    tokens.add(new Token(kind, text, line));
    advance(end);
  }

  private void skipBlanks() {
    while (at < source.length() && Text.isSpace(source.charAt(at))) {
      advance(at + 1);
    }
  }

  private void advance(int to) {
    line += lines(at, to);
    at = to;
  }

  private int lines(int from, int to) {
    int n = 0;
    for (int i = from; i < to; i++) {
      n += source.charAt(i) == '\n' ? 1 : 0;
    }
    return n;
  }
}
