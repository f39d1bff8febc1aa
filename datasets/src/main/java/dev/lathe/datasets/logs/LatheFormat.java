package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Conversation.Origin;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The router's own log: answers, and feedback that may come any time after its answer. */
final class LatheFormat implements Format {
  private final LatheJoin join;

  LatheFormat(LatheJoin join) {
    this.join = join;
  }

  @Override
  public boolean claims(JsonNode entry) {
    var kind = entry.path("kind").asString("");
    return kind.equals("answer") || kind.equals("feedback");
  }

  @Override
  public LogEntry read(JsonNode entry, Origin origin) throws Malformed {
    return switch (entry.path("kind").asString("")) {
      case "answer" -> answer(Answer.of(entry), entry, origin);
      case "feedback" -> feedback(entry, origin);
      default -> throw new Malformed("'kind' is neither answer nor feedback");
    };
  }

  private LogEntry answer(Answer answer, JsonNode entry, Origin origin) {
    if (join.goesOn(answer)) {
      return new LogEntry.Joined(origin.line(), "the chat goes on in a later answer");
    }
    var metadata = new LinkedHashMap<String, String>();
    for (var field : List.of("at", "target", "experiment", "language")) {
      var text = Entries.optionalText(entry, field);
      if (text != null) {
        metadata.put(field, text);
      }
    }
    var said = join.feedbackOn(answer.id());
    metadata.putAll(said.metadata());
    return new LogEntry.Read(
        new Conversation(
            answer.id(),
            join.weighted(answer),
            ChatMessages.tools(entry),
            answer.subject().isEmpty() ? null : answer.subject(),
            said.value(),
            origin,
            metadata));
  }

  private LogEntry feedback(JsonNode entry, Origin origin) throws Malformed {
    var id = Entries.text(entry, "answer");
    if (Entries.feedback(entry) == null && !entry.has("comment") && !entry.has("chosen")) {
      throw new Malformed("feedback has a value, a rating, a comment or a chosen text");
    }
    if (!join.knows(id)) {
      throw new Malformed("feedback on '" + id + "', an answer that these logs do not hold");
    }
    return new LogEntry.Joined(origin.line(), "feedback on " + id);
  }

  /**
   * One answer line.
   *
   * @param subject who asked, or empty
   * @param request what was sent
   * @param reply what was answered
   */
  record Answer(String id, String subject, List<Message> request, Message reply) {
    static Answer of(JsonNode entry) throws Malformed {
      var request = ChatMessages.list(entry.get("messages"));
      var reply = entry.get("answer");
      if (reply == null) {
        throw new Malformed("'answer' is missing");
      }
      var message =
          reply.isString()
              ? Message.of(Role.ASSISTANT, reply.stringValue())
              : ChatMessages.one(reply, request.size() + 1);
      if (message.role() != Role.ASSISTANT) {
        throw new Malformed("'answer' is no assistant message");
      }
      var subject = Entries.optionalText(entry, "subject");
      return new Answer(
          Entries.text(entry, "id"), subject == null ? "" : subject, request, message);
    }
  }

  /** What users said of one answer, the latest line winning. */
  record Said(@Nullable Double value, Map<String, String> metadata) {
    static final Said NOTHING = new Said(null, Map.of());
  }
}
