package dev.lathe.serving.providers.llama.decoding;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** One answer that is being made. One reader takes its events; anybody may cancel it. */
public final class Generation {
  private final Prompted prompted;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private volatile boolean cancelled;
  private final Runnable onCancel;

  Generation(Prompted prompted, Runnable onCancel) {
    this.prompted = prompted;
    this.onCancel = onCancel;
  }

  /**
   * What is to be answered.
   *
   * @param prompt token ids of the vocabulary, at least one, fewer than the context's positions
   * @param most tokens of the answer; the context bounds it too
   * @param stops texts that end the answer and are no part of it
   * @param reuse whether positions computed for an earlier prompt that begins alike may be taken;
   *     they can differ from fresh ones in the last bits
   * @param alternatives how many of the likeliest tokens to tell of at every position; -1 for none,
   *     and no log-probability either
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Prompted(
      int[] prompt,
      int most,
      Sampling sampling,
      List<String> stops,
      boolean reuse,
      int alternatives,
      @Nullable Constraint constraint) {
    public Prompted {
      stops = List.copyOf(stops);
      if (prompt.length == 0 || most < 1 || stops.stream().anyMatch(String::isEmpty)) {
        throw new IllegalArgumentException("an answer has a prompt, and room, and real stops");
      }
    }
  }

  /** What happens to an answer. After {@link Done} or {@link Failed} nothing does. */
  public sealed interface Event {}

  /**
   * A token was chosen.
   *
   * @param text what may be shown now; often a little behind the token
   * @param likelihood null unless asked for
   */
  public record Piece(int token, String text, @Nullable Likelihood likelihood) implements Event {}

  /**
   * How likely the token was, before sampling's own changes.
   *
   * @param logProbability natural logarithm
   * @param alternatives the likeliest tokens, the likeliest first
   */
  public record Likelihood(double logProbability, List<Alternative> alternatives) {
    public Likelihood {
      alternatives = List.copyOf(alternatives);
    }
  }

  /** A token that might have come. */
  public record Alternative(int token, double logProbability) {}

  /**
   * @param text what was held back until now
   * @param stop the stop string that was met, for {@link Ending#STOP_STRING}
   */
  public record Done(String text, Ending ending, @Nullable String stop, Counts counts)
      implements Event {}

  /** The answer cannot be made; the message is for whoever asked. */
  public record Failed(String message) implements Event {}

  /** Why an answer ended. */
  public enum Ending {
    /** The model ended it. */
    END_TOKEN,
    STOP_STRING,
    /** As many tokens as were asked for, or the context is full. */
    LENGTH
  }

  /**
   * @param prompt tokens of the prompt
   * @param reused of them, those whose positions were there already
   * @param answer tokens of the answer, the one that ended it included
   * @param promptNanos from the first position computed to the first token
   * @param answerNanos from the first token to the last
   */
  public record Counts(int prompt, int reused, int answer, long promptNanos, long answerNanos) {}

  /** Waits for what happens next. */
  public Event next() throws InterruptedException {
    return events.take();
  }

  /** Ends it: its place is free after the step that is under way. */
  public void cancel() {
    cancelled = true;
    onCancel.run();
  }

  Prompted prompted() {
    return prompted;
  }

  boolean cancelled() {
    return cancelled;
  }

  void tell(Event event) {
    events.add(event);
  }
}
