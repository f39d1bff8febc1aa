package dev.lathe.app.samples;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.logs.LogEntry;
import dev.lathe.datasets.logs.Logs;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the samples hold, as the readers of the logs see it. */
record SampleLogs(
    List<Conversation> conversations, List<LogEntry.Broken> broken, JsonNode voice, JsonNode set) {
  private static final Pattern TICKET = Pattern.compile("Ticket: (OB-[0-9]{3})");

  static SampleLogs read() throws IOException {
    var conversations = new ArrayList<Conversation>();
    var broken = new ArrayList<LogEntry.Broken>();
    var paths =
        List.of(file("desk-openai.jsonl"), file("desk-sharegpt.json"), file("desk-router.jsonl"));
    for (var log : Logs.files(paths, null)) {
      try (var reader = log.open()) {
        while (reader.hasNext()) {
          switch (reader.next()) {
            case LogEntry.Compared both ->
                throw new IllegalStateException("the sample logs compare nothing");
            case LogEntry.Read read -> conversations.add(read.conversation());
            case LogEntry.Broken bad -> broken.add(bad);
            case LogEntry.Joined joined -> {}
          }
        }
      }
    }
    return new SampleLogs(conversations, broken, json("voice.json"), json("prompts.json"));
  }

  static Path file(String name) {
    var url = Objects.requireNonNull(SampleLogs.class.getResource("/samples/" + name), name);
    return Path.of(URI.create(url.toString()));
  }

  private static JsonNode json(String name) {
    return JsonMapper.shared().readTree(file(name));
  }

  List<Conversation> kept() {
    return conversations.stream().filter(c -> !downVoted(c)).toList();
  }

  static boolean downVoted(Conversation conversation) {
    var feedback = conversation.feedback();
    return feedback != null && feedback <= 0;
  }

  static List<String> said(Conversation conversation, Role role) {
    return conversation.messages().stream()
        .filter(m -> m.role() == role)
        .map(Message::content)
        .toList();
  }

  static String dialogue(Conversation conversation) {
    return said(conversation, Role.USER) + " " + said(conversation, Role.ASSISTANT);
  }

  /** The ticket, which a duplicate shares with its original; without one, what was said. */
  static String ticket(Conversation conversation) {
    var ticket = TICKET.matcher(dialogue(conversation));
    return ticket.find() ? ticket.group(1) : dialogue(conversation);
  }

  List<Pattern> marks() {
    return voice.get("marks").valueStream().map(m -> Pattern.compile(text(m, "pattern"))).toList();
  }

  List<String> allowedPhrases() {
    return voice.get("allowedPhrases").valueStream().map(JsonNode::stringValue).toList();
  }

  List<String> prompts() {
    return set.get("prompts").valueStream().map(JsonNode::stringValue).toList();
  }

  private static String text(JsonNode node, String key) {
    return node.get(key).stringValue();
  }

  /** Every run of eight words of a text, the allowed phrases left out. */
  Set<String> eightGrams(String text) {
    var rest = text;
    for (var phrase : allowedPhrases()) {
      rest = rest.replace(phrase, " ");
    }
    var words =
        Arrays.stream(rest.toLowerCase(Locale.ROOT).split("\\s+", -1))
            .filter(w -> !w.isEmpty())
            .toList();
    var grams = new LinkedHashSet<String>();
    for (int i = 0; i + 8 <= words.size(); i++) {
      grams.add(String.join(" ", words.subList(i, i + 8)));
    }
    return grams;
  }
}
