package dev.lathe.registry.models;

import dev.lathe.checkpoints.input.BadInput;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How users name a version: {@code support@3}, {@code support@champion}, or {@code support} alone.
 *
 * @param number of the version, when it is named by number
 * @param alias when it is named by alias
 */
public record ModelRef(String name, @Nullable Integer number, @Nullable String alias) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
  private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,8}");
  // Begins with a letter, so that an alias is never taken for a number.
  private static final Pattern ALIAS = Pattern.compile("[a-z][a-z0-9_-]{0,62}");

  /** Empty when the text can be no model's. */
  public static Optional<ModelRef> parse(String text) {
    int at = text.indexOf('@');
    var name = at < 0 ? text : text.substring(0, at);
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    if (at < 0) {
      return Optional.of(new ModelRef(name, null, null));
    }
    var which = text.substring(at + 1);
    if (NUMBER.matcher(which).matches()) {
      return Optional.of(new ModelRef(name, Integer.valueOf(which), null));
    }
    return ALIAS.matcher(which).matches()
        ? Optional.of(new ModelRef(name, null, which))
        : Optional.empty();
  }

  /**
   * @throws BadInput when it can be no model's name
   */
  public static String requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new BadInput(
          "not a name for a model",
          name,
          "Use up to 63 small letters, digits, '.', '_' and '-', such as support.");
    }
    return name;
  }

  /**
   * @throws BadInput when it can be no alias
   */
  public static String requireAlias(String alias) {
    if (!ALIAS.matcher(alias).matches()) {
      throw new BadInput(
          "not an alias",
          alias,
          "Use up to 63 small letters, digits, '_' and '-', beginning with a letter, such as"
              + " champion.");
    }
    return alias;
  }
}
