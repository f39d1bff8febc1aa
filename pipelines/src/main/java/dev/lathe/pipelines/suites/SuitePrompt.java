package dev.lathe.pipelines.suites;

import dev.lathe.datasets.conversation.Message;
import dev.lathe.pipelines.suites.Criterion.Expected;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One prompt of a suite.
 *
 * @param unit what is counted: the prompt itself, or the pair that it is a partner of
 * @param group the word by which it differs from its partner
 * @param messages the conversation to be answered, a user's turn last
 * @param good what a good answer does, for a judge
 * @param accepts forms of the right answer
 * @param expected whether it should be refused
 * @param decisions the words between which an answer decides; {@code number} alone for a number
 */
public record SuitePrompt(
    String id,
    String unit,
    @Nullable String group,
    List<Message> messages,
    @Nullable String good,
    List<String> accepts,
    @Nullable Expected expected,
    List<String> decisions) {
  public SuitePrompt {
    messages = List.copyOf(messages);
    accepts = List.copyOf(accepts);
    decisions = List.copyOf(decisions);
  }

  /** What is asked last. */
  public String question() {
    return messages.getLast().content();
  }
}
