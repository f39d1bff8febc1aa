package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Puts placeholders such as {@code [email]} where personal data stood, in turns, tool calls and
 * tool results. In JSON a number becomes a string, so that it stays JSON.
 */
public final class Redact implements Rule {
  private final Set<Pii> kinds;

  public Redact(Set<Pii> kinds) {
    this.kinds = Set.copyOf(kinds);
  }

  @Override
  public String name() {
    return "redact";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    var counts = new TreeMap<String, Integer>();
    var messages = new ArrayList<Message>(conversation.messages().size());
    for (var message : conversation.messages()) {
      messages.add(redacted(message, counts));
    }
    return counts.isEmpty()
        ? Rule.kept(conversation)
        : new Outcome.Kept(conversation.withMessages(messages), counts);
  }

  private Message redacted(Message message, Map<String, Integer> counts) {
    var text = redacted(message.content(), counts);
    if (message.toolCalls().isEmpty()) {
      return text.equals(message.content()) ? message : message.withContent(text);
    }
    var calls =
        message.toolCalls().stream()
            .map(c -> new ToolCall(c.id(), c.name(), redacted(c.arguments(), counts)))
            .toList();
    return new Message(
        message.role(), text, calls, message.toolCallId(), message.name(), message.weight());
  }

  /** The text with its placeholders; {@code counts} gets one more for each, by kind. */
  String redacted(String text, Map<String, Integer> counts) {
    var current = text;
    for (var kind : Pii.values()) {
      if (!kinds.contains(kind)) {
        continue;
      }
      var found = kind.find(current);
      if (!found.isEmpty()) {
        counts.merge(kind.wire(), found.size(), Integer::sum);
        current = replaced(current, found, kind.placeholder());
      }
    }
    return current;
  }

  private static String replaced(String text, Iterable<PiiFinder.Found> found, String placeholder) {
    var ordered = new ArrayList<PiiFinder.Found>();
    found.forEach(ordered::add);
    ordered.sort((a, b) -> Integer.compare(a.start(), b.start()));
    var out = new StringBuilder(text.length());
    int at = 0;
    for (var f : ordered) {
      boolean jsonNumber = isJsonNumber(text, f);
      out.append(text, at, f.start());
      out.append(jsonNumber ? "\"" + placeholder + "\"" : placeholder);
      at = f.end();
    }
    return out.append(text, at, text.length()).toString();
  }

  private static boolean isJsonNumber(String text, PiiFinder.Found f) {
    boolean json = !text.isEmpty() && (text.charAt(0) == '{' || text.charAt(0) == '[');
    int before = f.start() - 1;
    while (before >= 0 && text.charAt(before) <= ' ') {
      before--;
    }
    int after = f.end();
    while (after < text.length() && text.charAt(after) <= ' ') {
      after++;
    }
    return json
        && before >= 0
        && after < text.length()
        && ":,[".indexOf(text.charAt(before)) >= 0
        && ",]}".indexOf(text.charAt(after)) >= 0
        && PiiFinder.isDigit(text.charAt(f.start()));
  }
}
