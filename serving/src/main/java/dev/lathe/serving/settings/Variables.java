package dev.lathe.serving.settings;

import dev.lathe.checkpoints.input.Settings;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** <code>${NAME}</code> and <code>${NAME:-otherwise}</code> in a text, from the environment. */
record Variables(Map<String, String> environment) {
  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?}");

  /** A setting with its variables filled in; null when it is not there. */
  @Nullable String in(Settings settings, String key) {
    var text = settings.text(key, null);
    if (text == null) {
      return null;
    }
    return VARIABLE
        .matcher(text)
        .replaceAll(
            found -> {
              var value = environment.getOrDefault(found.group(1), "");
              if (value.isEmpty() && found.group(2) != null) {
                value = found.group(2);
              } else if (value.isEmpty()) {
                settings.problem(
                    "%s: the environment has no %s. Export it, or write ${%s:-} for none"
                        .formatted(key, found.group(1), found.group(1)));
              }
              return Matcher.quoteReplacement(value);
            });
  }
}
