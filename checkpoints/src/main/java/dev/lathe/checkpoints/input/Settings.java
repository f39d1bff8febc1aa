package dev.lathe.checkpoints.input;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads typed values out of a map of settings (a recipe file with {@code --set key=value} laid over
 * it) and collects everything that is wrong with it, so that a user mends it all at once: a value
 * of another kind, one out of range, and keys nobody asked for.
 */
public final class Settings {
  private final String kind;
  private final Map<String, Object> values;
  private final Set<String> known = new LinkedHashSet<>();
  private final List<String> problems;
  private final String path;
  private final List<Settings> parts = new ArrayList<>();

  /**
   * @param kind what the map is to a user: "recipe"
   */
  public Settings(String kind, Map<String, ?> values) {
    this(kind, values, "", new ArrayList<>());
  }

  private Settings(String kind, Map<String, ?> values, String path, List<String> problems) {
    this.kind = kind;
    this.values = new LinkedHashMap<>(values);
    this.path = path;
    this.problems = problems;
  }

  /** A map within this one; its problems are told with this one's. Empty when it is not there. */
  public Settings part(String key) {
    var part = new Settings(kind, map(key, take(key)), path + key + ".", problems);
    parts.add(part);
    return part;
  }

  /** A map of maps: each by its name, in the order of the file. */
  public Map<String, Settings> parts(String key) {
    var named = new LinkedHashMap<String, Settings>();
    var of = part(key);
    of.values.keySet().forEach(name -> named.put(name, of.part(name)));
    return named;
  }

  private Map<String, ?> map(String key, @Nullable Object given) {
    var named = new LinkedHashMap<String, @Nullable Object>();
    if (given instanceof Map<?, ?> map) {
      map.forEach((k, v) -> named.put(String.valueOf(k), v));
    } else if (given != null) {
      problem("%s: keys with values are expected, not '%s'".formatted(key, given));
    }
    return named;
  }

  /** {@code key=value} words over a map; later ones win. */
  public static Map<String, Object> overlaid(Map<String, ?> base, Map<String, String> set) {
    var all = new LinkedHashMap<String, Object>(base);
    all.putAll(set);
    return all;
  }

  /** The keys that were given, in the order of the file. */
  public List<String> keys() {
    return List.copyOf(values.keySet());
  }

  /** Whether there is a value for a key. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  public int integer(String key, int otherwise, int least, int most) {
    double value = number(key, otherwise, least, most);
    if (value != Math.rint(value)) {
      problem("%s: %s is not a whole number".formatted(key, values.get(key)));
      return otherwise;
    }
    return (int) value;
  }

  public double number(String key, double otherwise, double least, double most) {
    var given = take(key);
    if (given == null) {
      return otherwise;
    }
    try {
      double value =
          given instanceof Number n ? n.doubleValue() : Double.parseDouble(given.toString());
      if (value >= least && value <= most) {
        return value;
      }
      problem("%s: %s lies outside %s to %s".formatted(key, given, plain(least), plain(most)));
    } catch (NumberFormatException e) {
      problem("%s: '%s' is not a number".formatted(key, given));
    }
    return otherwise;
  }

  public boolean flag(String key, boolean otherwise) {
    var given = take(key);
    if (given == null) {
      return otherwise;
    }
    return switch (given.toString().toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> {
        problem("%s: '%s' is neither true nor false".formatted(key, given));
        yield otherwise;
      }
    };
  }

  /** One of an enum's constants by its name in lower case. */
  public <E extends Enum<E>> E choice(String key, E otherwise) {
    var given = take(key);
    if (given == null) {
      return otherwise;
    }
    var constants = otherwise.getDeclaringClass().getEnumConstants();
    var names = new ArrayList<String>();
    for (E e : constants) {
      var name = e.name().toLowerCase(Locale.ROOT);
      if (name.equalsIgnoreCase(given.toString())) {
        return e;
      }
      names.add(name);
    }
    problem(
        "%s: '%s' is unknown. %s"
            .formatted(key, given, DidYouMean.remedy(given.toString(), names)));
    return otherwise;
  }

  public @Nullable String text(String key, @Nullable String otherwise) {
    var given = take(key);
    return given == null ? otherwise : given.toString();
  }

  /** A YAML list, or words with commas between them. */
  public List<String> words(String key, List<String> otherwise) {
    var given = take(key);
    if (given == null) {
      return otherwise;
    }
    if (given instanceof List<?> list) {
      return list.stream().map(String::valueOf).toList();
    }
    return List.of(given.toString().split("\\s*,\\s*"));
  }

  /** A YAML list of texts, or a text with one a line; none by default. */
  public List<String> lines(String key) {
    var given = take(key);
    if (given == null) {
      return List.of();
    }
    if (given instanceof List<?> list) {
      return list.stream().map(String::valueOf).toList();
    }
    return given.toString().lines().filter(line -> !line.isBlank()).toList();
  }

  /** Adds a problem that only the reader of several keys can see. */
  public void problem(String text) {
    problems.add(path + text);
  }

  /**
   * @throws BadInput with every problem, unknown keys among them; call it when all keys were asked
   *     for
   */
  public void done() {
    unknown();
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "The " + kind + " cannot be used", problems, "Mend the " + kind + " and try again.");
    }
  }

  private void unknown() {
    for (var key : values.keySet()) {
      if (!known.contains(key)) {
        problems.add("unknown key '%s'. %s".formatted(path + key, DidYouMean.remedy(key, known)));
      }
    }
    parts.forEach(Settings::unknown);
  }

  private @Nullable Object take(String key) {
    known.add(key);
    return values.get(key);
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
