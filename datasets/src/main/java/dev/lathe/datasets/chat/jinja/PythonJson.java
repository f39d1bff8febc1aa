package dev.lathe.datasets.chat.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON spelled as Python's {@code json.dumps(value, ensure_ascii=False)} spells it. */
public final class PythonJson {
  private PythonJson() {}

  /**
   * @param value null, Boolean, Long, Double, String, List or Map
   */
  public static String dumps(@Nullable Object value) {
    return Json.dumps(value, new Values.Arguments(List.of(), Map.of()), new Budget());
  }
}
