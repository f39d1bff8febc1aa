package dev.lathe.datasets.chat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as a template is given it.
 *
 * @param learnt whether it is an answer to learn from
 */
record Turn(Map<String, @Nullable Object> message, boolean assistant, boolean learnt) {
  static Turn of(String role, @Nullable Object content) {
    var message = new LinkedHashMap<String, @Nullable Object>();
    message.put("role", role);
    message.put("content", content);
    boolean assistant = role.equals("assistant");
    return new Turn(message, assistant, assistant);
  }

  /** The same turn saying nothing but this. */
  Turn saying(String content) {
    return of(String.valueOf(message.get("role")), content);
  }
}
