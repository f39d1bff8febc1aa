package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import dev.lathe.serving.providers.llama.grammar.JsonGrammar;
import dev.lathe.serving.providers.llama.grammar.UnsupportedSchema;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What form an answer must have: {@code response_format} of OpenAI, {@code json_schema} of
 * llama-server.
 */
final class ResponseFormat {
  private ResponseFormat() {}

  /** Of a chat request; null for any text. */
  static @Nullable Constraint of(Fields request) {
    var format = request.object("response_format");
    if (format == null) {
      return null;
    }
    var type = format.text("type");
    return switch (type) {
      case "text" -> null;
      case "json_object" -> {
        var schema = format.get("schema");
        yield schema == null ? JsonGrammar.anyObject() : schema(schema, "response_format");
      }
      case "json_schema" -> {
        var named = format.object("json_schema");
        var schema = named == null ? null : named.get("schema");
        if (schema == null) {
          throw Refusal.of("response_format", "'response_format.json_schema.schema' is missing");
        }
        yield schema(schema, "response_format");
      }
      case null, default ->
          throw Refusal.of(
              "response_format",
              "'response_format.type' must be text, json_object or json_schema"
                  + (type == null ? "" : ", not '" + type + "'"));
    };
  }

  /** Of a completion; null for any text. */
  static @Nullable Constraint ofCompletion(Fields request) {
    if (request.get("grammar") != null) {
      throw Refusal.of("grammar", "'grammar' is not supported; 'json_schema' is");
    }
    var schema = request.get("json_schema");
    return schema == null ? null : schema(schema, "json_schema");
  }

  private static Constraint schema(JsonNode schema, String field) {
    try {
      return JsonGrammar.ofSchema(schema);
    } catch (UnsupportedSchema e) {
      throw Refusal.of(field, String.valueOf(e.getMessage()));
    }
  }
}
