package dev.lathe.serving.providers.remote.translation;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON whose numbers keep their digits: arguments of calls are read and written again. */
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /** Null for what is no JSON object. */
  public static @Nullable ObjectNode object(byte[] bytes) {
    return object(new String(bytes, StandardCharsets.UTF_8));
  }

  /** Null for what is no JSON object. */
  public static @Nullable ObjectNode object(String text) {
    try {
      return MAPPER.readTree(text) instanceof ObjectNode object ? object : null;
    } catch (JacksonException e) {
      return null;
    }
  }

  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  public static ArrayNode list() {
    return MAPPER.createArrayNode();
  }

  public static byte[] bytes(ObjectNode node) {
    return MAPPER.writeValueAsBytes(node);
  }
}
