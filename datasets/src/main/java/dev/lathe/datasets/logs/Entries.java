package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Conversation.Origin;
import dev.lathe.datasets.conversation.Message;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What several formats share: ids, users, feedback and metadata beside the messages. */
final class Entries {
  private Entries() {}

  /** The text of a field that must be there. */
  static String text(JsonNode entry, String field) throws Malformed {
    var node = entry.get(field);
    if (node == null || !node.isString()) {
      throw new Malformed("'" + field + "' is missing or no text");
    }
    return node.stringValue();
  }

  static @Nullable String optionalText(JsonNode entry, String... fields) {
    for (var field : fields) {
      var node = entry.get(field);
      if (node != null && node.isValueNode() && !node.isNull() && !node.asString().isBlank()) {
        return node.asString();
      }
    }
    return null;
  }

  static Conversation conversation(
      JsonNode entry, List<Message> messages, List<String> tools, Origin origin) throws Malformed {
    if (messages.isEmpty()) {
      throw new Malformed("there are no messages");
    }
    var metadata = metadata(entry.get("metadata"));
    var id = optionalText(entry, "id", "conversation_id", "uuid");
    var user = optionalText(entry, "user", "user_id");
    return new Conversation(
        id == null ? ContentId.of(messages, tools) : id,
        messages,
        tools,
        user == null ? metadata.getOrDefault("user_id", metadata.get("user")) : user,
        feedback(entry.get("feedback")),
        origin,
        metadata);
  }

  private static Map<String, String> metadata(@Nullable JsonNode node) {
    var found = new LinkedHashMap<String, String>();
    if (node != null && node.isObject()) {
      for (var field : node.properties()) {
        if (!field.getValue().isNull()) {
          found.put(
              field.getKey(),
              field.getValue().isValueNode()
                  ? field.getValue().asString()
                  : field.getValue().toString());
        }
      }
    }
    return found;
  }

  /**
   * A value between 0 (down) and 1 (up): a number, a truth value, "up" or "down", or an object with
   * {@code value} or with {@code rating} from 1 to {@code scale} (5 unless given).
   */
  static @Nullable Double feedback(@Nullable JsonNode node) throws Malformed {
    if (node == null || node.isNull()) {
      return null;
    }
    if (node.isObject()) {
      if (node.hasNonNull("value")) {
        return feedback(node.get("value"));
      }
      if (!node.hasNonNull("rating")) {
        return null;
      }
      double rating = node.get("rating").asDouble(Double.NaN);
      double scale = node.hasNonNull("scale") ? node.get("scale").asDouble(Double.NaN) : 5;
      if (!(scale > 1 && rating >= 1 && rating <= scale)) {
        throw new Malformed("a rating lies between 1 and its scale: " + node.get("rating"));
      }
      return (rating - 1) / (scale - 1);
    }
    if (node.isBoolean()) {
      return node.booleanValue() ? 1.0 : 0.0;
    }
    if (node.isNumber()) {
      double value = node.doubleValue();
      if (!(value >= -1 && value <= 1)) {
        throw new Malformed("feedback lies between 0 and 1 (or is -1 for down): " + node);
      }
      return Math.max(0, value);
    }
    return switch (node.asString()) {
      case "up", "positive", "good" -> 1.0;
      case "down", "negative", "bad" -> 0.0;
      default -> throw new Malformed("feedback is 1 or 0, not " + node);
    };
  }
}
