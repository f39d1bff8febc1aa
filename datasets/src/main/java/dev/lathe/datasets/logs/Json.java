package dev.lathe.datasets.logs;

import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** One mapper for the room: as strict as JSON is, a whole line or nothing. */
final class Json {
  static final JsonMapper MAPPER = JsonMapper.builder().build();

  private static final Pattern WHERE =
      Pattern.compile(" *\\(start marker at \\[Source:[^\\]]*\\]\\)");

  private Json() {}

  /** What the parser says, in one line, without what it says of itself. */
  static String reason(JacksonException e) {
    var first = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("broken");
    return WHERE.matcher(first).replaceAll("");
  }
}
