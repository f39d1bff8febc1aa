package dev.lathe.datasets.chat.jinja;

import dev.lathe.checkpoints.input.BadInput;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A parsed template. Immutable; renders in any number of threads. */
public final class Template {
  private final List<Stmt> body;
  private final Clock clock;

  private Template(List<Stmt> body, Clock clock) {
    this.body = body;
    this.clock = clock;
  }

  /**
   * @param clock what {@code strftime_now} tells
   * @throws BadInput for a template that is no Jinja, with the line
   */
  public static Template parse(String source, Clock clock) {
    try {
      return new Template(Parser.parse(source), clock);
    } catch (JinjaError e) {
      throw bad("the chat template cannot be read", e.line(), e);
    } catch (StackOverflowError e) {
      throw bad("the chat template cannot be read", 0, new JinjaError("nested too deeply"));
    }
  }

  /**
   * @param variables None is null; texts, Long, Double, Boolean, List and Map
   * @param tracked the values whose places in the output are wanted, told by identity
   * @throws BadInput where the template raises an exception, fails, or works or writes too much
   */
  public Rendering render(Map<String, ? extends @Nullable Object> variables, List<?> tracked) {
    var budget = new Budget();
    var globals = new Scope(null);
    Functions.define(globals, clock, budget);
    var scope = new Scope(globals);
    variables.forEach(scope::set);
    var interpreter = new Interpreter(tracked, budget);
    try {
      return ScopedValue.where(Budget.CURRENT, budget).call(() -> interpreter.run(body, scope));
    } catch (JinjaError e) {
      int line = e.line() > 0 ? e.line() : interpreter.line();
      throw e.isRaised()
          ? new BadInput(
              "the chat template refuses the conversation (line " + line + ")",
              e.getMessage(),
              "Mend the conversation, or use another template.",
              e)
          : bad("the chat template cannot render the conversation", line, e);
    } catch (ArithmeticException | StackOverflowError e) {
      var what = e instanceof StackOverflowError ? "nested too deeply" : "a number too large";
      throw bad(
          "the chat template cannot render the conversation",
          interpreter.line(),
          new JinjaError(what));
    }
  }

  private static BadInput bad(String what, int line, JinjaError e) {
    var where = line > 0 ? "line " + line + ": " : "";
    return new BadInput(what, where + e.getMessage(), "Mend the template, or use another.", e);
  }
}
