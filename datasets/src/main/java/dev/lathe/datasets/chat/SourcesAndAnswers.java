package dev.lathe.datasets.chat;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.Truncation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;

/**
 * What an encoder-decoder learns from: each answer of a conversation is an example. First comes the
 * source, which the encoder reads, made by a template of all that was said before, its end token
 * included; then the answer and its end token, which are learned. So the first label divides the
 * two. The answer is tokenized by itself, as the decoder will write it.
 *
 * <p>Of an example that is too long the oldest turns are left out of the source, never the last one
 * and never anything of the answer. Any number of threads may use it.
 */
public final class SourcesAndAnswers {
  private final ChatTemplate template;
  private final Function<String, int[]> tokenizer;
  private final int end;
  private final Truncation truncation;

  /** What became of a conversation. */
  public record Made(List<Example> examples, RenderCounts rendered, Truncation.Counts cut) {}

  /**
   * @param end the token that ends a source and an answer
   * @throws BadInput for a template that does not end a source with it, or a policy that would cut
   *     an answer
   */
  public SourcesAndAnswers(
      ChatTemplate template, Function<String, int[]> tokenizer, int end, Truncation truncation) {
    this.template = template;
    this.tokenizer = tokenizer;
    this.end = end;
    this.truncation = truncation;
    if (truncation.policy() == Truncation.Policy.SPLIT) {
      throw new BadInput(
          "an answer of an encoder-decoder cannot be cut into windows",
          "truncation=split",
          "Take truncation=end (the oldest turns are left out) or drop.");
    }
    int[] probe = source(List.of(Message.of(Role.USER, "q")), List.of());
    if (probe.length == 0 || probe[probe.length - 1] != end) {
      throw new BadInput(
          "the template does not end what the encoder reads with the end token",
          "tokens " + Arrays.toString(probe) + ", and the end is " + end,
          "Write {{ eos_token }} at its end.");
    }
  }

  private int[] source(List<Message> before, List<String> tools) {
    return tokenizer.apply(template.render(before, tools, true));
  }

  /**
   * The examples of a conversation, {@code id} when there is one, else {@code id#1}, {@code id#2},
   * …
   *
   * @throws BadInput where the template refuses the conversation
   */
  public Made of(Conversation conversation) {
    var messages = conversation.messages();
    var examples = new ArrayList<Example>();
    var cut = Truncation.Counts.NONE;
    long answers = messages.stream().filter(SourcesAndAnswers::isLearnt).count();
    for (int i = 0, n = 1; i < messages.size(); i++) {
      if (!isLearnt(messages.get(i))) {
        continue;
      }
      var id = answers == 1 ? conversation.id() : conversation.id() + "#" + n;
      var fitted = fitted(conversation, id, messages.subList(0, i), messages.get(i));
      examples.addAll(fitted.examples());
      cut = cut.plus(fitted.counts());
      n++;
    }
    return new Made(List.copyOf(examples), template.counts(conversation), cut);
  }

  private static boolean isLearnt(Message m) {
    return m.role() == Role.ASSISTANT && m.weight() > 0;
  }

  private Truncation.Fitted fitted(
      Conversation conversation, String id, List<Message> before, Message answer) {
    int[] said = ended(tokenizer.apply(ChatTemplate.written(answer)));
    int system = !before.isEmpty() && before.getFirst().role() == Role.SYSTEM ? 1 : 0;
    if (before.size() == system) { // nothing that it answers
      return new Truncation.Fitted(List.of(), counts(0, 0, 1, said.length, said.length));
    }
    var kept = new ArrayList<>(before);
    int[] whole = source(kept, conversation.tools());
    int[] source = whole;
    boolean cuts = truncation.policy() != Truncation.Policy.DROP;
    while (cuts
        && source.length + said.length > truncation.maxLength()
        && kept.size() > system + 1) {
      kept.remove(system);
      source = source(kept, conversation.tools());
    }
    if (source.length + said.length > truncation.maxLength()) {
      return new Truncation.Fitted(
          List.of(), counts(0, 1, 0, whole.length + said.length, said.length));
    }
    int[] ids = Arrays.copyOf(source, source.length + said.length);
    System.arraycopy(said, 0, ids, source.length, said.length);
    var labelled = new BitSet(ids.length);
    labelled.set(source.length, ids.length);
    var example =
        new Example(
            id,
            ids,
            labelled,
            conversation.origin().file(),
            conversation.metadata().getOrDefault("language", ""));
    int less = whole.length - source.length;
    return new Truncation.Fitted(List.of(example), counts(less > 0 ? 1 : 0, 0, 0, less, 0));
  }

  private int[] ended(int[] ids) {
    int[] ended = Arrays.copyOf(ids, ids.length + 1);
    ended[ids.length] = end;
    return ended;
  }

  private static Truncation.Counts counts(
      int truncated, int tooLong, int withoutLabels, long tokens, long labels) {
    return new Truncation.Counts(1, truncated, 0, tooLong, withoutLabels, tokens, labels);
  }
}
