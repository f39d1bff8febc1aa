package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Token.Kind;
import java.util.List;

/** A place in a list of tokens that ends with {@link Kind#END}. */
final class Tokens {
  private final List<Token> tokens;
  private int at;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token after() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    var token = tokens.get(at);
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  Token expect(Kind kind) {
    var token = next();
    if (token.kind() != kind) {
      throw unexpected(token, kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
    }
    return token;
  }

  Token name() {
    return expect(Kind.NAME);
  }

  void expectName(String name) {
    var token = next();
    if (!token.is(Kind.NAME, name)) {
      throw unexpected(token, name);
    }
  }

  void expectOperator(String operator) {
    var token = next();
    if (!token.is(Kind.OPERATOR, operator)) {
      throw unexpected(token, operator);
    }
  }

  boolean skipName(String name) {
    return skip(Kind.NAME, name);
  }

  boolean skipOperator(String operator) {
    return skip(Kind.OPERATOR, operator);
  }

  private boolean skip(Kind kind, String text) {
    if (!peek().is(kind, text)) {
      return false;
    }
    next();
    return true;
  }

  private static JinjaError unexpected(Token token, String wanted) {
    var found = token.text().isEmpty() ? token.kind().name() : "'" + token.text() + "'";
    return JinjaError.at(token.line(), "found " + found + " where '" + wanted + "' is wanted");
  }
}
