package dev.lathe.serving.routing.strategy;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a request could be sent to, and how it stands at this moment.
 *
 * @param name as a client would ask for it
 * @param kind of provider, such as {@code anthropic}; {@code local} for this home's
 * @param here whether nothing leaves this machine
 * @param tools whether it calls tools
 * @param media whether it takes images and sound
 * @param contextLength tokens of prompt and answer together; 0 when nobody knows
 * @param ready whether its circuit breaker lets requests through
 * @param firstByteMs how long it lately took to begin an answer; NaN when nobody asked it yet
 * @param waiting requests that it works on now
 * @param usd what this request would cost there; NaN when nobody knows
 * @param unfit why it cannot take any request now, such as too little memory to load it
 */
public record Candidate(
    String name,
    Place place,
    String kind,
    boolean here,
    boolean tools,
    boolean media,
    int contextLength,
    boolean ready,
    double firstByteMs,
    int waiting,
    double usd,
    @Nullable String unfit) {

  /** Why it cannot take a request at all; empty when it can. */
  Optional<String> refuses(Asked asked) {
    if (unfit != null) {
      return Optional.of(unfit);
    }
    if (asked.tools() && !tools) {
      return Optional.of("it calls no tools");
    }
    if (asked.media() && !media) {
      return Optional.of("it takes text alone");
    }
    if (contextLength > 0 && asked.promptTokens() >= contextLength) {
      return Optional.of(
          "some %d tokens are more than its context of %d"
              .formatted(asked.promptTokens(), contextLength));
    }
    return Optional.empty();
  }
}
