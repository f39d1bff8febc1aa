package dev.lathe.datasets.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names in a template, a loop's turn or a macro's call; what is set here is not seen outside. */
final class Scope {
  private final @Nullable Scope outer;
  private final Map<String, @Nullable Object> names = new HashMap<>(8);

  Scope(@Nullable Scope outer) {
    this.outer = outer;
  }

  void set(String name, @Nullable Object value) {
    names.put(name, value);
  }

  @Nullable Object get(String name) {
    for (var scope = this; scope != null; scope = scope.outer) {
      var value = scope.names.get(name);
      if (value != null || scope.names.containsKey(name)) {
        return value;
      }
    }
    return Values.Undefined.name(name);
  }
}
