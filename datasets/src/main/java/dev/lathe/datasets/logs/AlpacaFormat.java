package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation.Origin;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import tools.jackson.databind.JsonNode;

/**
 * Alpaca: {@code instruction}, an optional {@code input} (a blank line after the instruction), an
 * optional {@code system}, an optional {@code history} of earlier pairs, and {@code output}.
 */
final class AlpacaFormat implements Format {
  @Override
  public boolean claims(JsonNode entry) {
    return entry.has("instruction") && entry.has("output");
  }

  @Override
  public LogEntry read(JsonNode entry, Origin origin) throws Malformed {
    var messages = new ArrayList<Message>();
    var system = Entries.optionalText(entry, "system");
    if (system != null) {
      messages.add(Message.of(Role.SYSTEM, system));
    }
    for (var pair : entry.path("history")) {
      if (!pair.path(0).isString() || !pair.path(1).isString()) {
        throw new Malformed("'history' holds pairs of texts");
      }
      messages.add(Message.of(Role.USER, pair.get(0).stringValue()));
      messages.add(Message.of(Role.ASSISTANT, pair.get(1).stringValue()));
    }
    var input = Entries.optionalText(entry, "input");
    var instruction = Entries.text(entry, "instruction");
    messages.add(Message.of(Role.USER, input == null ? instruction : instruction + "\n\n" + input));
    messages.add(Message.of(Role.ASSISTANT, Entries.text(entry, "output")));
    return new LogEntry.Read(
        Entries.conversation(entry, messages, ChatMessages.tools(entry), origin));
  }
}
