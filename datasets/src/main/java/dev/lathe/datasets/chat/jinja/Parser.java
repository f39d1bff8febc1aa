package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Statements. What stands inside a tag is {@link ExpressionParser}'s. */
final class Parser {
  private static final Set<String> NONE = Set.of();

  private final Tokens in;
  private final ExpressionParser expressions;
  private int loops;

  private Parser(Tokens in) {
    this.in = in;
    this.expressions = new ExpressionParser(in);
  }

  static List<Stmt> parse(String template) {
    var parser = new Parser(new Tokens(Lexer.tokens(template)));
    return parser.body(NONE);
  }

  /** Statements up to a block whose name is one of {@code ends} (left unread), or to the end. */
  private List<Stmt> body(Set<String> ends) {
    var out = new ArrayList<Stmt>();
    while (true) {
      var token = in.next();
      switch (token.kind()) {
        case TEXT -> out.add(new Stmt.Text(token.line(), token.text()));
        case PRINT_BEGIN -> {
          out.add(new Stmt.Print(token.line(), expressions.tuple()));
          in.expect(Kind.PRINT_END);
        }
        case BLOCK_BEGIN -> {
          var name = in.peek();
          if (name.kind() == Kind.NAME && ends.contains(name.text())) {
            return out;
          }
          out.add(statement(in.name()));
          in.expect(Kind.BLOCK_END);
        }
        case END -> {
          if (!ends.isEmpty()) {
            throw JinjaError.at(token.line(), "the template ends before " + String.join("/", ends));
          }
          return out;
        }
        default -> throw JinjaError.at(token.line(), "unexpected '" + token.text() + "'");
      }
    }
  }

  /** A body within its opening and closing tags; the closing one's name is read, its end is not. */
  private List<Stmt> blockBody(String end) {
    in.expect(Kind.BLOCK_END);
    var body = body(Set.of(end));
    in.name();
    return body;
  }

  private Stmt statement(Token tag) {
    int line = tag.line();
    return switch (tag.text()) {
      case "if" -> ifStatement(line);
      case "for" -> forStatement(line);
      case "set" -> set(line);
      case "with" -> with(line);
      case "macro" -> {
        var name = in.name().text();
        yield macro(line, name, "endmacro");
      }
      case "call" -> call(line);
      case "filter" -> new Stmt.FilterBlock(line, filters(true), blockBody("endfilter"));
      case "generation" -> new Stmt.Generation(line, blockBody("endgeneration"));
      case "break", "continue" -> {
        if (loops == 0) {
          throw JinjaError.at(line, "'" + tag.text() + "' outside of a loop");
        }
        yield tag.text().equals("break") ? new Stmt.Break(line) : new Stmt.Continue(line);
      }
      default -> throw JinjaError.at(line, "unknown tag '" + tag.text() + "'");
    };
  }

  private Stmt ifStatement(int line) {
    var test = expressions.tupleWithoutTernary();
    in.expect(Kind.BLOCK_END);
    var then = body(Set.of("elif", "else", "endif"));
    var next = in.name();
    if (next.text().equals("elif")) {
      return new Stmt.If(line, test, then, List.of(ifStatement(next.line())));
    }
    if (next.text().equals("else")) {
      return new Stmt.If(line, test, then, blockBody("endif"));
    }
    return new Stmt.If(line, test, then, List.of());
  }

  private Stmt forStatement(int line) {
    var target = target(false);
    in.expectName("in");
    var over = expressions.tupleWithoutTernary();
    @Nullable Expr filter = in.skipName("if") ? expressions.expression() : null;
    boolean recursive = in.skipName("recursive");
    in.expect(Kind.BLOCK_END);
    loops++;
    var body = body(Set.of("endfor", "else"));
    loops--;
    List<Stmt> otherwise = in.name().text().equals("else") ? blockBody("endfor") : List.of();
    return new Stmt.For(line, target, over, filter, recursive, body, otherwise);
  }

  private Stmt set(int line) {
    var target = target(true);
    if (in.skipOperator("=")) {
      return new Stmt.Set(line, target, expressions.tuple());
    }
    @Nullable Expr filters = in.peek().is(Kind.OPERATOR, "|") ? filters(false) : null;
    return new Stmt.SetBlock(line, target, filters, blockBody("endset"));
  }

  private Stmt with(int line) {
    var assignments = new ArrayList<Stmt.Set>();
    while (in.peek().kind() != Kind.BLOCK_END) {
      if (!assignments.isEmpty()) {
        in.expectOperator(",");
      }
      var target = new Stmt.Target.Variable(in.name().text());
      in.expectOperator("=");
      assignments.add(new Stmt.Set(line, target, expressions.expression()));
    }
    return new Stmt.With(line, assignments, blockBody("endwith"));
  }

  private Stmt.Macro macro(int line, String name, String end) {
    var parameters = in.peek().is(Kind.OPERATOR, "(") ? parameters() : List.<Stmt.Parameter>of();
    int outer = loops;
    loops = 0;
    var body = blockBody(end);
    loops = outer;
    return new Stmt.Macro(line, name, parameters, body);
  }

  private List<Stmt.Parameter> parameters() {
    var out = new ArrayList<Stmt.Parameter>();
    in.expectOperator("(");
    while (!in.skipOperator(")")) {
      if (!out.isEmpty()) {
        in.expectOperator(",");
      }
      var name = in.name().text();
      out.add(new Stmt.Parameter(name, in.skipOperator("=") ? expressions.expression() : null));
    }
    return out;
  }

  private Stmt call(int line) {
    var parameters = in.peek().is(Kind.OPERATOR, "(") ? parameters() : List.<Stmt.Parameter>of();
    if (!(expressions.expression() instanceof Expr.Invoke call)) {
      throw JinjaError.at(line, "{% call %} wants a call");
    }
    return new Stmt.CallBlock(
        line, call, new Stmt.Macro(line, "caller", parameters, blockBody("endcall")));
  }

  private Expr filters(boolean first) {
    var filters = expressions.filters(null, first);
    if (filters == null) {
      throw JinjaError.at(in.peek().line(), "a filter is wanted");
    }
    return filters;
  }

  private Stmt.Target target(boolean fields) {
    var targets = new ArrayList<Stmt.Target>();
    boolean tuple = false;
    do {
      if (in.peek().is(Kind.OPERATOR, "(")) {
        in.next();
        targets.add(target(false));
        in.expectOperator(")");
      } else if (in.peek().kind() == Kind.NAME && !in.peek().text().equals("in")) {
        var name = in.name().text();
        targets.add(
            fields && in.skipOperator(".")
                ? new Stmt.Target.Field(name, in.name().text())
                : new Stmt.Target.Variable(name));
      } else {
        break;
      }
      tuple |= in.peek().is(Kind.OPERATOR, ",");
    } while (in.skipOperator(","));
    if (targets.isEmpty()) {
      throw JinjaError.at(in.peek().line(), "a name to assign to is wanted");
    }
    return tuple ? new Stmt.Target.Unpacked(targets) : targets.getFirst();
  }
}
