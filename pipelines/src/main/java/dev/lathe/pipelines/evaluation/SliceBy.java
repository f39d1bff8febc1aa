package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.datasets.conversation.Conversation;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What conversations are told apart by. */
public sealed interface SliceBy {
  /** Where a conversation tells nothing. */
  String UNKNOWN = "unknown";

  /** What is told of every evaluation. */
  List<SliceBy> ALL = List.of(Known.values());

  /** The name in options, in the API and in what is told. */
  String wire();

  /** The slice that a conversation belongs to; of {@link Known#LENGTH}, its tokens decide. */
  String of(Conversation conversation, long tokens);

  /** What needs no further word. */
  enum Known implements SliceBy {
    /** The log it came from. */
    SOURCE,
    /** What the log calls its language ({@code metadata.language}). */
    LANGUAGE,
    /** Tokens that the model read of it, in buckets that double. */
    LENGTH,
    /** What the log calls its topic: {@code metadata.topic}, {@code category} or {@code label}. */
    TOPIC;

    private static final List<String> TOPICS = List.of("topic", "category", "label");

    @Override
    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String of(Conversation conversation, long tokens) {
      return switch (this) {
        case SOURCE -> orUnknown(conversation.origin().file());
        case LANGUAGE -> orUnknown(conversation.metadata().getOrDefault("language", ""));
        case LENGTH -> Lengths.of(tokens);
        case TOPIC ->
            TOPICS.stream()
                .map(key -> conversation.metadata().getOrDefault(key, ""))
                .filter(value -> !value.isBlank())
                .findFirst()
                .orElse(UNKNOWN);
      };
    }
  }

  /** Whatever else the log says beside the messages. */
  record Metadata(String key) implements SliceBy {
    static final String PREFIX = "metadata.";

    @Override
    public String wire() {
      return PREFIX + key;
    }

    @Override
    public String of(Conversation conversation, long tokens) {
      return orUnknown(conversation.metadata().getOrDefault(key, ""));
    }
  }

  /**
   * The slices of these names; {@link #ALL} for none.
   *
   * @throws BadInput for an unknown one
   */
  static List<SliceBy> of(List<String> names) {
    return names.isEmpty() ? ALL : names.stream().distinct().map(SliceBy::of).toList();
  }

  private static SliceBy of(String name) {
    if (name.startsWith(Metadata.PREFIX) && name.length() > Metadata.PREFIX.length()) {
      return new Metadata(name.substring(Metadata.PREFIX.length()));
    }
    var known = ALL.stream().map(SliceBy::wire).toList();
    return Arrays.stream(Known.values())
        .filter(k -> k.wire().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new BadInput(
                    "conversations cannot be sliced by this",
                    name,
                    DidYouMean.remedy(name, known)
                        + " 'metadata.KEY' slices by what the logs say there."));
  }

  private static String orUnknown(String value) {
    return value.isBlank() ? UNKNOWN : value;
  }

  /** Buckets of tokens, each twice as wide as the one before. */
  final class Lengths {
    private static final long FIRST = 64;

    private Lengths() {}

    /** {@code 1-64}, {@code 65-128}, {@code 129-256}, … */
    static String of(long tokens) {
      long low = 1;
      long high = FIRST;
      while (tokens > high) {
        low = high + 1;
        high *= 2;
      }
      return low + "-" + high;
    }
  }
}
