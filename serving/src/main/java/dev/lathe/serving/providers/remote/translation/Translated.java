package dev.lathe.serving.providers.remote.translation;

import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Translation;
import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.Events;
import dev.lathe.serving.wire.WireError;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request in a provider's words.
 *
 * @param head the headers, by the key
 * @param whole what a whole answer is in OpenAI's form; null for what is none
 * @param stream a translation of one streamed answer's events
 * @param events the events in a streamed answer's bytes
 * @param streamType of a streamed answer's content
 */
public record Translated(
    String path,
    Function<@Nullable Secret, Map<String, String>> head,
    byte[] body,
    List<String> ignored,
    Function<ObjectNode, @Nullable ObjectNode> whole,
    Supplier<Translation> stream,
    Function<InputStream, Chunks> events,
    String streamType)
    implements Exchange {
  /** What OpenAI has codes for and others have words; routers and clients go by the codes. */
  private static final Map<String, Pattern> CODES =
      Map.of(
          "context_length_exceeded",
          Pattern.compile("(?i)prompt is too long|too many tokens|exceeds? .*context"),
          "insufficient_quota",
          Pattern.compile("(?i)credit balance is too low|insufficient (credit|balance)"));

  /** One that streams server-sent events. */
  public Translated(
      String path,
      Function<@Nullable Secret, Map<String, String>> head,
      byte[] body,
      List<String> ignored,
      Function<ObjectNode, @Nullable ObjectNode> whole,
      Supplier<Translation> stream) {
    this(path, head, body, ignored, whole, stream, Events::new, "text/event-stream");
  }

  @Override
  public boolean isStream(String type) {
    return type.startsWith(streamType);
  }

  @Override
  public Map<String, String> headers(@Nullable Secret key) {
    return head.apply(key);
  }

  @Override
  public boolean tellsUsage() {
    return true;
  }

  @Override
  public WireError refusal(String who, int status, byte[] answer, @Nullable String retryAfter) {
    var error = Exchange.super.refusal(who, status, answer, retryAfter);
    if (error.code() != null || error.status() >= 500) {
      return error;
    }
    if (status == 404) {
      return error.coded("model_not_found");
    }
    return CODES.entrySet().stream()
        .filter(c -> c.getValue().matcher(error.message()).find())
        .findFirst()
        .map(c -> error.coded(c.getKey()))
        .orElse(error);
  }

  @Override
  public byte[] completion(byte[] answer) {
    var read = Json.object(answer);
    var said = read == null ? null : whole.apply(read);
    return said == null ? answer : Json.bytes(said);
  }

  @Override
  public Chunks chunks(InputStream answer) {
    return new TranslatedChunks(events.apply(answer), stream.get());
  }
}
