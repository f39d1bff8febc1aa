package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Expressions, with Jinja's precedence: if-else, or, and, not, comparison, + -, ~, * / // %, **.
 */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final int DEEPEST = 200;

  private final Tokens in;
  private int depth;

  ExpressionParser(Tokens in) {
    this.in = in;
  }

  /** One expression, or several with commas between, which make a tuple. */
  Expr tuple() {
    return tuple(true);
  }

  /** The same where an {@code if} begins something else. */
  Expr tupleWithoutTernary() {
    return tuple(false);
  }

  private Expr tuple(boolean ternary) {
    var first = ternary ? expression() : or();
    if (!operator(",")) {
      return first;
    }
    var items = new ArrayList<>(List.of(first));
    while (in.skipOperator(",")) {
      var next = in.peek();
      if (next.kind() == Kind.BLOCK_END
          || next.kind() == Kind.PRINT_END
          || next.is(Kind.OPERATOR, ")")) {
        break;
      }
      items.add(ternary ? expression() : or());
    }
    return new Expr.TupleOf(items);
  }

  Expr expression() {
    if (++depth > DEEPEST) {
      throw JinjaError.at(in.peek().line(), "expressions nested too deeply");
    }
    var out = or();
    while (in.skipName("if")) {
      var test = or();
      out = new Expr.Conditional(test, out, in.skipName("else") ? expression() : null);
    }
    depth--;
    return out;
  }

  private Expr or() {
    var left = and();
    while (in.skipName("or")) {
      left = new Expr.Or(left, and());
    }
    return left;
  }

  private Expr and() {
    var left = not();
    while (in.skipName("and")) {
      left = new Expr.And(left, not());
    }
    return left;
  }

  private Expr not() {
    if (in.skipName("not")) {
      return new Expr.Not(not());
    }
    return compare();
  }

  private Expr compare() {
    var first = sum();
    var rest = new ArrayList<Expr.Comparison>();
    while (true) {
      var token = in.peek();
      if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
        in.next();
        rest.add(new Expr.Comparison(token.text(), sum()));
      } else if (in.skipName("in")) {
        rest.add(new Expr.Comparison("in", sum()));
      } else if (token.is(Kind.NAME, "not") && in.after().is(Kind.NAME, "in")) {
        in.next();
        in.next();
        rest.add(new Expr.Comparison("not in", sum()));
      } else {
        return rest.isEmpty() ? first : new Expr.Compare(first, rest);
      }
    }
  }

  private Expr sum() {
    var left = concat();
    while (operator("+") || operator("-")) {
      left = new Expr.Binary(in.next().text(), left, concat());
    }
    return left;
  }

  private Expr concat() {
    var first = product();
    if (!operator("~")) {
      return first;
    }
    var parts = new ArrayList<>(List.of(first));
    while (in.skipOperator("~")) {
      parts.add(product());
    }
    return new Expr.Concat(parts);
  }

  private Expr product() {
    var left = power();
    while (operator("*") || operator("/") || operator("//") || operator("%")) {
      left = new Expr.Binary(in.next().text(), left, power());
    }
    return left;
  }

  private Expr power() {
    var left = unary(true);
    while (in.skipOperator("**")) {
      left = new Expr.Binary("**", left, unary(true));
    }
    return left;
  }

  private Expr unary(boolean filtered) {
    Expr out;
    if (operator("-") || operator("+")) {
      out = new Expr.Sign(in.next().text().equals("-"), unary(false));
    } else {
      out = primary();
    }
    out = postfix(out);
    return filtered ? filtered(out) : out;
  }

  private Expr primary() {
    var token = in.next();
    return switch (token.kind()) {
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> new Expr.Constant(true);
            case "false", "False" -> new Expr.Constant(false);
            case "none", "None" -> new Expr.Constant(null);
            default -> new Expr.Name(token.text());
          };
      case STRING -> {
        var text = new StringBuilder(token.text());
        while (in.peek().kind() == Kind.STRING) {
          text.append(in.next().text());
        }
        yield new Expr.Constant(text.toString());
      }
      case INTEGER -> new Expr.Constant(integer(token));
      case FLOAT -> new Expr.Constant(Double.valueOf(token.text().replace("_", "")));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> {
              if (in.skipOperator(")")) {
                yield new Expr.TupleOf(List.of());
              }
              var inner = tuple();
              in.expectOperator(")");
              yield inner;
            }
            case "[" -> new Expr.ListOf(items("]"));
            case "{" -> dict();
            default -> throw JinjaError.at(token.line(), "unexpected '" + token.text() + "'");
          };
      default -> throw JinjaError.at(token.line(), "an expression is wanted");
    };
  }

  private static Object integer(Token token) {
    var digits = token.text().replace("_", "").toLowerCase(java.util.Locale.ROOT);
    int radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : 10;
    radix = digits.startsWith("0b") ? 2 : radix;
    try {
      return new BigInteger(radix == 10 ? digits : digits.substring(2), radix).longValueExact();
    } catch (ArithmeticException e) {
      throw JinjaError.at(token.line(), "too large a number: " + digits);
    }
  }

  private List<Expr> items(String end) {
    var out = new ArrayList<Expr>();
    while (!in.skipOperator(end)) {
      if (!out.isEmpty()) {
        in.expectOperator(",");
        if (in.skipOperator(end)) {
          break;
        }
      }
      out.add(expression());
    }
    return out;
  }

  private Expr dict() {
    var out = new ArrayList<Expr.Entry>();
    while (!in.skipOperator("}")) {
      if (!out.isEmpty()) {
        in.expectOperator(",");
        if (in.skipOperator("}")) {
          break;
        }
      }
      var key = expression();
      in.expectOperator(":");
      out.add(new Expr.Entry(key, expression()));
    }
    return new Expr.DictOf(out);
  }

  private Expr postfix(Expr of) {
    var out = of;
    while (true) {
      if (in.skipOperator(".")) {
        var name = in.next();
        out =
            switch (name.kind()) {
              case NAME -> new Expr.Attribute(out, name.text());
              case INTEGER -> new Expr.Item(out, new Expr.Constant(integer(name)));
              default -> throw JinjaError.at(name.line(), "a name is wanted after '.'");
            };
      } else if (in.skipOperator("[")) {
        out = subscript(out);
      } else if (operator("(")) {
        out = new Expr.Invoke(out, arguments());
      } else {
        return out;
      }
    }
  }

  private Expr subscript(Expr of) {
    @Nullable Expr start = operator(":") ? null : tuple();
    if (in.skipOperator("]")) {
      if (start == null) {
        throw JinjaError.at(in.peek().line(), "an empty subscript");
      }
      return new Expr.Item(of, start);
    }
    in.expectOperator(":");
    @Nullable Expr stop = operator(":") || operator("]") ? null : expression();
    @Nullable Expr step = in.skipOperator(":") && !operator("]") ? expression() : null;
    in.expectOperator("]");
    return new Expr.Slice(of, start, stop, step);
  }

  private Expr filtered(Expr of) {
    var out = of;
    while (true) {
      if (operator("|")) {
        out = java.util.Objects.requireNonNull(filters(out, false));
      } else if (in.skipName("is")) {
        out = test(out);
      } else if (operator("(")) {
        out = new Expr.Invoke(out, arguments());
      } else {
        return out;
      }
    }
  }

  /**
   * Filters behind {@code of}.
   *
   * @param bare the first comes without a bar before it, as in a filter block
   */
  @Nullable Expr filters(@Nullable Expr of, boolean bare) {
    var out = of;
    boolean first = bare;
    while (first || in.skipOperator("|")) {
      first = false;
      var name = dotted();
      out = new Expr.Filter(out, name, operator("(") ? arguments() : Expr.Given.NONE);
    }
    return out;
  }

  private Expr test(Expr of) {
    boolean negated = in.skipName("not");
    var name = dotted();
    var token = in.peek();
    boolean begins =
        switch (token.kind()) {
          case NAME -> !Set.of("else", "or", "and", "is", "in", "if", "not").contains(token.text());
          case STRING, INTEGER, FLOAT -> true;
          case OPERATOR -> token.text().equals("[") || token.text().equals("{");
          default -> false;
        };
    Expr.Given given = Expr.Given.NONE;
    if (operator("(")) {
      given = arguments();
    } else if (begins) {
      given = new Expr.Given(List.of(postfix(primary())), List.of(), null, null);
    }
    var test = new Expr.Test(of, name, given);
    return negated ? new Expr.Not(test) : test;
  }

  private String dotted() {
    var name = new StringBuilder(in.name().text());
    while (in.skipOperator(".")) {
      name.append('.').append(in.name().text());
    }
    return name.toString();
  }

  private Expr.Given arguments() {
    var positional = new ArrayList<Expr>();
    var named = new ArrayList<Expr.Named>();
    @Nullable Expr unpacked = null;
    @Nullable Expr unpackedNamed = null;
    boolean first = true;
    in.expectOperator("(");
    while (!in.skipOperator(")")) {
      if (!first) {
        in.expectOperator(",");
        if (in.skipOperator(")")) {
          break;
        }
      }
      first = false;
      if (in.skipOperator("*")) {
        unpacked = expression();
      } else if (in.skipOperator("**")) {
        unpackedNamed = expression();
      } else if (in.peek().kind() == Kind.NAME && in.after().is(Kind.OPERATOR, "=")) {
        var name = in.name().text();
        in.next();
        named.add(new Expr.Named(name, expression()));
      } else {
        positional.add(expression());
      }
    }
    return new Expr.Given(positional, named, unpacked, unpackedNamed);
  }

  private boolean operator(String text) {
    return in.peek().is(Kind.OPERATOR, text);
  }
}
