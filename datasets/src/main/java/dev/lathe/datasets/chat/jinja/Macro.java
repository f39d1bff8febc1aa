package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Callable;
import java.util.function.Function;

/** A macro with the scope that it was defined in. */
record Macro(String name, Function<Arguments, String> body) implements Callable {
  @Override
  public String call(Arguments arguments) {
    return body.apply(arguments);
  }
}
