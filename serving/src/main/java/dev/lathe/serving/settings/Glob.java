package dev.lathe.serving.settings;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A name in which {@code *} stands for anything: {@code openai:gpt-4o*}. */
public record Glob(String text, Pattern pattern) {
  public static Glob of(String text) {
    var quoted =
        Stream.of(text.split("\\*", -1))
            .map(part -> part.isEmpty() ? "" : Pattern.quote(part))
            .collect(Collectors.joining(".*"));
    return new Glob(text, Pattern.compile(quoted));
  }

  public boolean matches(String name) {
    return pattern.matcher(name).matches();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Glob g && g.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
