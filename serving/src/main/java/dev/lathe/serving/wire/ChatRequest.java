package dev.lathe.serving.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A chat completion that was asked for: what we must know of it, and the very bytes that came, so
 * that fields nobody here knows go on as they are.
 */
public final class ChatRequest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final byte[] NOTHING = {};
  private static final byte[] USAGE =
      "\"stream_options\":{\"include_usage\":true},".getBytes(StandardCharsets.US_ASCII);

  private final byte[] body;
  private final ObjectNode fields;
  private final int modelFrom;
  private final int modelTo;
  private final @Nullable Original original;

  /**
   * What a client said in Anthropic's words, where it did.
   *
   * @param fields not to be changed
   * @param beta what its header {@code anthropic-beta} says
   * @param ignored what the chat completion does not say of it
   */
  public record Original(ObjectNode fields, @Nullable String beta, List<String> ignored) {}

  private ChatRequest(
      byte[] body, ObjectNode fields, int modelFrom, int modelTo, @Nullable Original original) {
    this.body = body;
    this.fields = fields;
    this.modelFrom = modelFrom;
    this.modelTo = modelTo;
    this.original = original;
  }

  /**
   * Reads and checks a body.
   *
   * @throws WireError naming the field that is wrong
   */
  public static ChatRequest read(byte[] body) {
    var plain = plainUtf8(body);
    var fields = JSON.createObjectNode();
    int from = -1;
    int to = -1;
    try (JsonParser parser = JSON.createParser(plain)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw broken("a JSON object is expected");
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        var name = parser.currentName();
        parser.nextToken();
        int start = (int) parser.currentTokenLocation().getByteOffset();
        JsonNode value = parser.readValueAsTree();
        if (fields.replace(name, value) != null) {
          throw WireError.invalid(name, "duplicate_field", "'" + name + "' stands there twice.");
        }
        if (name.equals("model")) {
          from = start;
          to = (int) parser.currentLocation().getByteOffset();
        }
      }
      if (parser.nextToken() != null) {
        throw broken("something follows the object");
      }
    } catch (JacksonException e) {
      throw broken(reason(e));
    }
    ChatChecks.check(fields);
    return new ChatRequest(plain, fields, from, to, null);
  }

  /** Without a byte order mark; UTF-16 and UTF-32, which JSON parsers guess, are refused. */
  private static byte[] plainUtf8(byte[] body) {
    if (body.length == 0) {
      throw broken("the body is empty");
    }
    for (int i = 0; i < Math.min(4, body.length); i++) {
      if (body[i] == 0 || body[i] == (byte) 0xFE || body[i] == (byte) 0xFF) {
        throw broken("it is not UTF-8");
      }
    }
    boolean marked =
        body.length > 2
            && body[0] == (byte) 0xEF
            && body[1] == (byte) 0xBB
            && body[2] == (byte) 0xBF;
    return marked ? Arrays.copyOfRange(body, 3, body.length) : body;
  }

  private static String reason(JacksonException e) {
    var where = e.getLocation();
    var what = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
    return where == null
        ? what
        : "%s (line %d, column %d)".formatted(what, where.getLineNr(), where.getColumnNr());
  }

  private static WireError broken(String why) {
    return WireError.invalid(
        null, "invalid_json", "The body cannot be read as JSON: " + why + ". Mend the body.");
  }

  /** The same, which was said in other words. */
  public ChatRequest from(Original said) {
    return new ChatRequest(body, fields, modelFrom, modelTo, said);
  }

  /** Null where the client spoke OpenAI's words. */
  public @Nullable Original original() {
    return original;
  }

  /** What was dropped on the way into OpenAI's words. */
  public List<String> ignored() {
    return original == null ? List.of() : original.ignored();
  }

  /** As the client named it. */
  public String model() {
    return fields.path("model").stringValue();
  }

  public boolean streamed() {
    return fields.path("stream").asBoolean(false);
  }

  /** Whom the client asks for: {@code user}, else {@code safety_identifier}, else nobody. */
  public @Nullable String subject() {
    for (var name : new String[] {"user", "safety_identifier"}) {
      var value = fields.path(name);
      if (value.isString() && !value.stringValue().isEmpty()) {
        return value.stringValue();
      }
    }
    return null;
  }

  /** Every field; not to be changed. */
  public ObjectNode fields() {
    return fields;
  }

  /** The same request for another model: all other bytes are those that came. */
  public byte[] forModel(String model) {
    return forModel(model, NOTHING);
  }

  /** As {@link #forModel}, and its stream tells at its end what it used. */
  public byte[] countedForModel(String model) {
    return forModel(model, wantsUsage() ? NOTHING : USAGE);
  }

  /** Whether the client itself says what its stream shall tell. */
  public boolean wantsUsage() {
    return !streamed() || fields.has("stream_options");
  }

  /** Whether the client asks to be told at the end of its stream what it used. */
  public boolean asksForUsage() {
    return fields.path("stream_options").path("include_usage").asBoolean(false);
  }

  private byte[] forModel(String model, byte[] more) {
    var name = JSON.writeValueAsString(model).getBytes(StandardCharsets.UTF_8);
    var out = new ByteArrayOutputStream(body.length + name.length + more.length);
    int brace = 0;
    while (body[brace] != '{') {
      brace++;
    }
    out.write(body, 0, brace + 1);
    out.writeBytes(more);
    out.write(body, brace + 1, modelFrom - brace - 1);
    out.writeBytes(name);
    out.write(body, modelTo, body.length - modelTo);
    return out.toByteArray();
  }
}
