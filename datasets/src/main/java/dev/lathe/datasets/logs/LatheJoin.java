package dev.lathe.datasets.logs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.logs.LatheFormat.Answer;
import dev.lathe.datasets.logs.LatheFormat.Said;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What must be known of all router logs before the first line is read. Feedback comes after its
 * answer, often in a later file. And every turn of a chat is logged as an answer whose request
 * repeats the chat so far: such a chat is one conversation, its longest; each of its assistant
 * turns is learned from by the feedback it got itself, and a turn that no answer here logged
 * (another model's, or an example in a prompt) not at all.
 *
 * <p>Filled by one pass, then only read: any thread may ask.
 */
final class LatheJoin {
  private final Map<String, Said> feedback = new HashMap<>();
  private final Map<Key, String> answers = new HashMap<>();
  private final Set<String> ids = new HashSet<>();
  private final Set<Key> continued = new HashSet<>();

  /** 128 bits of who spoke and everything said up to a turn. */
  private record Key(long high, long low) {}

  /** Takes note of one entry; a malformed one is left to the reading pass to report. */
  void note(JsonNode entry) {
    try {
      switch (entry.path("kind").asString("")) {
        case "answer" -> noteAnswer(Answer.of(entry));
        case "feedback" -> noteFeedback(entry);
        default -> {}
      }
    } catch (Malformed e) {
      // Reported with its line when the log is read.
    }
  }

  private void noteAnswer(Answer answer) {
    ids.add(answer.id());
    var keys = keys(answer);
    answers.put(keys.getLast(), answer.id());
    keys.subList(0, keys.size() - 1).forEach(continued::add);
  }

  private void noteFeedback(JsonNode entry) throws Malformed {
    var value = Entries.feedback(entry);
    var id = Entries.text(entry, "answer");
    var before = feedback.getOrDefault(id, Said.NOTHING);
    var metadata = new LinkedHashMap<>(before.metadata());
    for (var field : List.of("comment", "chosen", "rating")) {
      var text = Entries.optionalText(entry, field);
      if (text != null) {
        metadata.put(field, text);
      }
    }
    feedback.put(id, new Said(value == null ? before.value() : value, metadata));
  }

  boolean knows(String id) {
    return ids.contains(id);
  }

  Said feedbackOn(String id) {
    return feedback.getOrDefault(id, Said.NOTHING);
  }

  /** Whether a later request repeats this answer, and so holds its whole conversation. */
  boolean goesOn(Answer answer) {
    return continued.contains(keys(answer).getLast());
  }

  List<Message> weighted(Answer answer) {
    var keys = keys(answer);
    var messages = new ArrayList<Message>(answer.request().size() + 1);
    int turn = 0;
    for (var message : answer.request()) {
      messages.add(
          message.role() == Role.ASSISTANT
              ? message.withWeight(weight(answers.get(keys.get(turn++))))
              : message);
    }
    messages.add(answer.reply());
    return messages;
  }

  private double weight(@Nullable String id) {
    if (id == null) {
      return 0;
    }
    var value = feedbackOn(id).value();
    return value != null && value <= 0 ? 0 : 1;
  }

  /** A key for every assistant turn of the request, then one for the reply. */
  private static List<Key> keys(Answer answer) {
    var keys = new ArrayList<Key>();
    var digest = Sha256.digest();
    digest.update(answer.subject().getBytes(StandardCharsets.UTF_8));
    for (var message : answer.request()) {
      ContentId.add(digest, message.withContent(message.content().strip()));
      if (message.role() == Role.ASSISTANT) {
        keys.add(key(digest));
      }
    }
    ContentId.add(digest, answer.reply().withContent(answer.reply().content().strip()));
    keys.add(key(digest));
    return keys;
  }

  private static Key key(MessageDigest running) {
    try {
      var bytes = ByteBuffer.wrap(((MessageDigest) running.clone()).digest());
      return new Key(bytes.getLong(), bytes.getLong());
    } catch (CloneNotSupportedException e) {
      throw new AssertionError("the JDK's SHA-256 can be cloned", e);
    }
  }
}
