package dev.lathe.serving.wire;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The events of a streamed answer in OpenAI's form, one at a time as they come. */
public interface Chunks {
  /**
   * The next event's data, {@link Events#DONE} behind the last; null when the stream ended without
   * saying so.
   *
   * @throws IOException when the stream breaks off
   */
  byte @Nullable [] next() throws IOException;

  /** Whether the next is here already, so that it is worth waiting with a flush. */
  boolean hasNext();
}
