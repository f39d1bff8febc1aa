package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Callable;
import dev.lathe.datasets.chat.jinja.Values.Namespace;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template knows. */
final class Functions {
  private static final long LONGEST_RANGE = 100_000;

  private Functions() {}

  static void define(Scope globals, Clock clock, Budget budget) {
    globals.set(
        "raise_exception",
        (Callable)
            a -> {
              throw JinjaError.raised(a.text(0, "message", ""));
            });
    globals.set(
        "strftime_now",
        (Callable) a -> strftime(a.text(0, "format", ""), ZonedDateTime.now(clock), budget));
    globals.set("range", (Callable) a -> range(a, budget));
    globals.set("dict", (Callable) Functions::dict);
    globals.set(
        "namespace",
        (Callable)
            a -> {
              var namespace = new Namespace();
              dict(a).forEach((k, v) -> namespace.set(Python.str(k), v));
              return namespace;
            });
    globals.set("cycler", (Callable) Functions::cycler);
    globals.set("joiner", (Callable) Functions::joiner);
  }

  private static Map<@Nullable Object, @Nullable Object> dict(Arguments a) {
    var out = new LinkedHashMap<@Nullable Object, @Nullable Object>();
    var from = a.get(0, " ", null);
    if (from instanceof Map<?, ?> m) {
      out.putAll(m);
    } else if (from != null && !(from instanceof Undefined)) {
      for (var pair : Python.items(from)) {
        var items = Python.items(pair);
        if (items.size() != 2) {
          throw new JinjaError("a dict is made of pairs");
        }
        out.put(Python.key(out, items.get(0)), items.get(1));
      }
    }
    out.putAll(a.named());
    return out;
  }

  private static List<@Nullable Object> range(Arguments a, Budget budget) {
    boolean one = a.positional().size() == 1;
    long start = one ? 0 : a.integer(0, "start", 0);
    long stop = a.integer(one ? 0 : 1, "stop", 0);
    long step = a.integer(2, "step", 1);
    if (step == 0) {
      throw new JinjaError("a range's step cannot be 0");
    }
    var out = new ArrayList<@Nullable Object>();
    for (long i = start; step > 0 ? i < stop : i > stop; i = Math.addExact(i, step)) {
      if (out.size() == LONGEST_RANGE) {
        throw new JinjaError("a range of more than " + LONGEST_RANGE);
      }
      out.add(i);
    }
    budget.spend(out.size());
    return out;
  }

  private static Object cycler(Arguments a) {
    int[] at = {0};
    Callable next = none -> a.positional().get(at[0]++ % a.positional().size());
    return new LinkedHashMap<>(Map.of("next", next));
  }

  private static Object joiner(Arguments a) {
    boolean[] used = {false};
    return (Callable)
        none -> {
          boolean before = used[0];
          used[0] = true;
          return before ? a.text(0, "sep", ", ") : "";
        };
  }

  /** C's strftime in the C locale; {@code -} as in {@code %-d} leaves zeros out. */
  static String strftime(String format, ZonedDateTime now, Budget budget) {
    var out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      boolean bare = format.charAt(i + 1) == '-' && i + 2 < format.length();
      i += bare ? 2 : 1;
      var written = field(format.charAt(i), now);
      out.append(bare ? written.replaceFirst("^[0 ]+(?=\\d)", "") : written);
      budget.room(out.length());
    }
    return out.toString();
  }

  private static String field(char c, ZonedDateTime now) {
    var pattern =
        switch (c) {
          case 'Y' -> "yyyy";
          case 'y' -> "yy";
          case 'm' -> "MM";
          case 'd' -> "dd";
          case 'H' -> "HH";
          case 'I' -> "hh";
          case 'M' -> "mm";
          case 'S' -> "ss";
          case 'f' -> "SSSSSS";
          case 'p' -> "a";
          case 'A' -> "EEEE";
          case 'a' -> "EEE";
          case 'B' -> "MMMM";
          case 'b', 'h' -> "MMM";
          case 'j' -> "DDD";
          case 'e' -> "ppd";
          case 'F' -> "yyyy-MM-dd";
          case 'T' -> "HH:mm:ss";
          case 'R' -> "HH:mm";
          case 'D', 'x' -> "MM/dd/yy";
          case 'X' -> "HH:mm:ss";
          case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
          case '%' -> "'%'";
          case 'n' -> "'\n'";
          case 't' -> "'\t'";
          case 'u' -> "";
          case 'w' -> "";
          case 'Z', 'z' -> "''"; // datetime.now() knows no zone
          default -> throw new JinjaError("strftime_now does not know %" + c);
        };
    if (c == 'u' || c == 'w') {
      int day = now.getDayOfWeek().getValue();
      return Integer.toString(c == 'w' ? day % 7 : day);
    }
    return c == 'Z' || c == 'z'
        ? ""
        : DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now);
  }
}
