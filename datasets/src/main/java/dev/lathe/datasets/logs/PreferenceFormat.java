package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Conversation.Origin;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Two answers to one prompt, of which one is preferred. {@code prompt}, {@code chosen} and {@code
 * rejected} are texts or lists of messages (as TRL has them); lists may be whole conversations that
 * repeat the prompt, and then need none. Or OpenAI's: {@code input}, {@code preferred_output},
 * {@code non_preferred_output}.
 */
final class PreferenceFormat implements Format {
  @Override
  public boolean claims(JsonNode entry) {
    return !entry.has("kind")
        && (entry.has("chosen") && entry.has("rejected")
            || entry.has("preferred_output") && entry.has("non_preferred_output"));
  }

  @Override
  public LogEntry read(JsonNode entry, Origin origin) throws Malformed {
    boolean openAi = entry.has("preferred_output");
    var input = openAi ? entry.path("input") : entry;
    var prompt = openAi ? ChatMessages.list(input.get("messages")) : prompt(entry);
    var tools = ChatMessages.tools(input);
    var chosen = side(entry, openAi ? "preferred_output" : "chosen", prompt);
    var rejected = side(entry, openAi ? "non_preferred_output" : "rejected", prompt);
    var both = new ArrayList<>(chosen);
    both.addAll(rejected);
    var id = Entries.conversation(entry, both, tools, origin).id();
    return new LogEntry.Compared(
        judged(Entries.conversation(entry, chosen, tools, origin), id + "/chosen", 1),
        judged(Entries.conversation(entry, rejected, tools, origin), id + "/rejected", 0));
  }

  private static List<Message> prompt(JsonNode entry) throws Malformed {
    if (!entry.has("prompt")) {
      return List.of();
    }
    return entry.get("prompt").isArray()
        ? ChatMessages.list(entry.get("prompt"))
        : List.of(Message.of(Role.USER, Entries.text(entry, "prompt")));
  }

  /** The conversation that ends with this side's answer. */
  private static List<Message> side(JsonNode entry, String field, List<Message> prompt)
      throws Malformed {
    var answer =
        entry.path(field).isArray()
            ? ChatMessages.list(entry.get(field))
            : List.of(Message.of(Role.ASSISTANT, Entries.text(entry, field)));
    if (answer.isEmpty()) {
      throw new Malformed("'" + field + "' is empty");
    }
    if (answer.getFirst().role() != Role.ASSISTANT) {
      return answer; // it repeats the prompt
    }
    if (prompt.isEmpty()) {
      throw new Malformed("there is no 'prompt', and '" + field + "' does not repeat it");
    }
    var whole = new ArrayList<>(prompt);
    whole.addAll(answer);
    return whole;
  }

  private static Conversation judged(Conversation c, String id, double feedback) {
    return new Conversation(
        id, c.messages(), c.tools(), c.user(), feedback, c.origin(), c.metadata());
  }
}
