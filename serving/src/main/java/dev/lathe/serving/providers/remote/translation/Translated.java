package dev.lathe.serving.providers.remote.translation;

import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Translation;
import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.Events;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
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
