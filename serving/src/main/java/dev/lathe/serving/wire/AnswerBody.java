package dev.lathe.serving.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.json.JsonMapper;

/**
 * An upstream's answer, or one event of a streamed one, read over once: where {@code id} and {@code
 * model} stand, and what it says of itself. Everything else stays the bytes that came.
 */
public final class AnswerBody {
  private static final JsonMapper JSON = JsonMapper.shared();

  private final byte[] body;
  private int idFrom = -1;
  private int idTo;
  private int modelFrom = -1;
  private int modelTo;
  private boolean choices;
  private boolean empty = true;
  private boolean finished;
  private boolean error;
  private @Nullable Integer promptTokens;
  private @Nullable Integer completionTokens;
  private @Nullable Integer cachedTokens;

  private AnswerBody(byte[] body) {
    this.body = body;
  }

  /** Null when the bytes are no JSON object. */
  public static @Nullable AnswerBody read(byte[] body) {
    var read = new AnswerBody(body);
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        var name = parser.currentName();
        var value = parser.nextToken();
        read.field(name, value, parser);
      }
      return parser.nextToken() == null ? read : null;
    } catch (JacksonException e) {
      return null;
    }
  }

  private void field(String name, JsonToken value, JsonParser parser) {
    switch (name) {
      case "id" -> {
        idFrom = start(parser);
        idTo = end(parser);
      }
      case "model" -> {
        modelFrom = start(parser);
        modelTo = end(parser);
      }
      case "choices" -> {
        choices = value == JsonToken.START_ARRAY;
        choices(parser);
      }
      case "usage" -> usage(value, parser);
      case "error" -> {
        error = value != JsonToken.VALUE_NULL;
        parser.skipChildren();
      }
      default -> parser.skipChildren();
    }
  }

  private static int start(JsonParser parser) {
    return (int) parser.currentTokenLocation().getByteOffset();
  }

  private static int end(JsonParser parser) {
    parser.skipChildren();
    parser.finishToken();
    return (int) parser.currentLocation().getByteOffset();
  }

  /** Looks for a {@code finish_reason} in the objects of the list, and in nothing deeper. */
  private void choices(JsonParser parser) {
    if (!choices) {
      parser.skipChildren();
      return;
    }
    for (var t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
      empty = false;
      if (t != JsonToken.START_OBJECT) {
        parser.skipChildren();
        continue;
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        boolean reason = "finish_reason".equals(parser.currentName());
        var value = parser.nextToken();
        finished |= reason && value == JsonToken.VALUE_STRING;
        parser.skipChildren();
      }
    }
  }

  private void usage(JsonToken value, JsonParser parser) {
    if (value != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var name = parser.currentName();
      if (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
        if (name.equals("prompt_tokens")) {
          promptTokens = count(parser);
        } else if (name.equals("completion_tokens")) {
          completionTokens = count(parser);
        }
      }
      if (name.equals("prompt_tokens_details")) {
        promptDetails(parser);
      }
      parser.skipChildren();
    }
  }

  private void promptDetails(JsonParser parser) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      return;
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      boolean cached = "cached_tokens".equals(parser.currentName());
      if (parser.nextToken() == JsonToken.VALUE_NUMBER_INT && cached) {
        cachedTokens = count(parser);
      }
      parser.skipChildren();
    }
  }

  private static @Nullable Integer count(JsonParser parser) {
    long n = parser.getValueAsLong(-1);
    return n >= 0 && n <= Integer.MAX_VALUE ? Integer.valueOf((int) n) : null;
  }

  /** Whether it holds {@code choices}, as every answer does. */
  public boolean answers() {
    return choices;
  }

  /** Whether it tells of usage and of nothing else, as the last event of a stream does. */
  public boolean onlyUsage() {
    return choices && empty && (promptTokens != null || completionTokens != null);
  }

  /** Whether a choice tells why it ended. */
  public boolean finished() {
    return finished;
  }

  /** Whether it tells of an error instead. */
  public boolean isError() {
    return error;
  }

  public @Nullable Integer promptTokens() {
    return promptTokens;
  }

  public @Nullable Integer completionTokens() {
    return completionTokens;
  }

  /** How many of the prompt's tokens the provider had in its cache. */
  public @Nullable Integer cachedTokens() {
    return cachedTokens;
  }

  /** The same answer under our id and the name that was asked for. */
  public byte[] named(Names names) {
    var out =
        new ByteArrayOutputStream(body.length + names.id().length + names.model().length + 24);
    boolean idFirst = idFrom >= 0 && (modelFrom < 0 || idFrom < modelFrom);
    int at = 0;
    if (idFrom < 0 || modelFrom < 0) {
      // What it lacks is put first.
      at = indexOfBrace() + 1;
      out.write(body, 0, at);
      if (idFrom < 0) {
        out.writeBytes(ID);
        out.writeBytes(names.id());
        out.write(',');
      }
      if (modelFrom < 0) {
        out.writeBytes(MODEL);
        out.writeBytes(names.model());
        out.write(',');
      }
    }
    if (idFirst) {
      at = replaced(out, at, idFrom, idTo, names.id());
    }
    if (modelFrom >= 0) {
      at = replaced(out, at, modelFrom, modelTo, names.model());
    }
    if (idFrom >= 0 && !idFirst) {
      at = replaced(out, at, idFrom, idTo, names.id());
    }
    out.write(body, at, body.length - at);
    return out.toByteArray();
  }

  private static final byte[] ID = "\"id\":".getBytes(StandardCharsets.UTF_8);
  private static final byte[] MODEL = "\"model\":".getBytes(StandardCharsets.UTF_8);

  private int replaced(ByteArrayOutputStream out, int at, int from, int to, byte[] by) {
    out.write(body, at, from - at);
    out.writeBytes(by);
    return to;
  }

  private int indexOfBrace() {
    int i = 0;
    while (body[i] != '{') {
      i++;
    }
    return i;
  }

  /** The id and the model of an answer as JSON texts, made once for all its events. */
  public record Names(byte[] id, byte[] model) {
    public static Names of(String id, String model) {
      return new Names(JSON.writeValueAsBytes(id), JSON.writeValueAsBytes(model));
    }
  }
}
