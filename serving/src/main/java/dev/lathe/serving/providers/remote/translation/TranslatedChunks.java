package dev.lathe.serving.providers.remote.translation;

import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.Events;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/** A provider's stream as OpenAI's, an event as soon as it can be told. */
public final class TranslatedChunks implements Chunks {
  private static final byte[] DONE = Events.DONE.getBytes(StandardCharsets.US_ASCII);

  /** Says a provider's events in OpenAI's form; it keeps what earlier ones said. */
  @FunctionalInterface
  public interface Translation {
    void event(ObjectNode event, Told told);
  }

  /** Where a translation puts its chunks. */
  public final class Told {
    private boolean begun;

    private Told() {}

    /** More of the answer; the first says whose it is. */
    public void delta(ObjectNode delta) {
      chunk(worded(delta));
    }

    /** The chunk of a delta, for more to be said in it. */
    public ObjectNode worded(ObjectNode delta) {
      return Answers.chunk(opening(delta), null);
    }

    /** The answer's end, and why. */
    public void finish(String reason) {
      finish(reason, MissingNode.getInstance());
    }

    /**
     * @param stop the text that ended the answer, where one did
     */
    public void finish(String reason, JsonNode stop) {
      var chunk = Answers.chunk(opening(Json.object()), reason);
      Answers.stopped(chunk, stop);
      chunk(chunk);
    }

    /** A chunk as it is. */
    public void chunk(ObjectNode chunk) {
      ready.add(Json.bytes(chunk));
    }

    /** Nothing follows. */
    public void done() {
      ready.add(DONE);
    }

    private ObjectNode opening(ObjectNode delta) {
      if (begun) {
        return delta;
      }
      begun = true;
      var first = Json.object().put("role", "assistant");
      first.setAll(delta);
      return first;
    }
  }

  private final Chunks source;
  private final Translation translation;
  private final Deque<byte[]> ready = new ArrayDeque<>();
  private final Told told = new Told();
  private boolean ended;
  private @Nullable IOException broken;

  /**
   * @param source the provider's events as they come
   */
  public TranslatedChunks(Chunks source, Translation translation) {
    this.source = source;
    this.translation = translation;
  }

  @Override
  public byte @Nullable [] next() throws IOException {
    while (ready.isEmpty()) {
      if (broken != null) {
        throw broken;
      }
      if (ended) {
        return null;
      }
      pull();
    }
    return ready.remove();
  }

  /** Events that say nothing in OpenAI's form are passed over here: nobody shall wait for them. */
  @Override
  public boolean hasNext() {
    try {
      while (ready.isEmpty() && !ended && source.hasNext()) {
        pull();
      }
    } catch (IOException e) {
      broken = e;
    }
    return !ready.isEmpty() || broken != null;
  }

  private void pull() throws IOException {
    var data = source.next();
    if (data == null) {
      ended = true;
      return;
    }
    var event = Json.object(data);
    if (event == null) {
      ready.add(data); // whoever reads it tells that it is none
    } else {
      translation.event(event, told);
    }
  }
}
