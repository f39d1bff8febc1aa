package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Ollama's recipe for a model. Its templates are Go's, a base's is Jinja. A template that writes
 * every turn the same way is found out by rendering marked turns and written down in Go; it is held
 * against the Jinja template's words for other chats, and left out when it differs.
 *
 * @param chat what was found; null when Go's language has no equivalent
 * @param stops tokens that end an answer
 */
record OllamaModelfile(Optional<Chat> chat, List<String> stops, List<String> notes) {
  /**
   * What a template writes around the contents.
   *
   * @param start before a chat without a system turn
   * @param system before the system turn's content, which is always the first
   * @param afterSystem after it
   * @param user before a user's content
   * @param afterUser after it
   * @param assistant before an answer
   * @param afterAssistant after it
   * @param generation after the last turn, before the answer to come
   */
  record Chat(
      String start,
      String system,
      String afterSystem,
      String user,
      String afterUser,
      String assistant,
      String afterAssistant,
      String generation) {
    /** What the Go template of {@link #go} makes of a chat. */
    String render(List<Message> messages) {
      var text = new StringBuilder();
      if (messages.getFirst().role() != Role.SYSTEM) {
        text.append(start);
      }
      for (var m : messages) {
        text.append(
            switch (m.role()) {
              case SYSTEM -> system + m.content() + afterSystem;
              case USER -> user + m.content() + afterUser;
              case ASSISTANT -> assistant + m.content() + afterAssistant;
              case TOOL -> m.content();
            });
      }
      return text.append(generation).toString();
    }

    String go() {
      return (start.isEmpty() ? "" : "{{ if not .System }}" + start + "{{ end }}")
          + "{{ range .Messages }}{{ if eq .Role \"system\" }}"
          + system
          + "{{ .Content }}"
          + afterSystem
          + "{{ else if eq .Role \"user\" }}"
          + user
          + "{{ .Content }}"
          + afterUser
          + "{{ else if eq .Role \"assistant\" }}"
          + assistant
          + "{{ .Content }}"
          + afterAssistant
          + "{{ end }}{{ end }}"
          + generation;
    }

    boolean writable() {
      var parts =
          List.of(
              start, system, afterSystem, user, afterUser, assistant, afterAssistant, generation);
      return parts.stream().noneMatch(part -> part.contains("{{") || part.contains("\"\"\""));
    }
  }

  private static final String S = "s1K7x";
  private static final String U = "u1Q9z";
  private static final String A = "a1W3y";
  private static final String U2 = "u2Q8v";

  /** Chats that the parts were not found from. */
  private static final List<List<Message>> OTHERS =
      List.of(
          chat("", "What is it?"),
          chat("Be brief.", "one", "two", "three"),
          chat("", "a\nb", "c", "d", "e", "f"),
          chat("x", "y", "z", "1", "2", "3"));

  /** Contents that begin and end with spaces: many templates trim them, Go's would not. */
  private static final List<Message> SPACED = chat(" s ", " u ", " a\n", " v ");

  /**
   * @param dated whether the template may write today's date
   */
  static OllamaModelfile of(Base base, ChatTemplate template, boolean dated) {
    var bos = OllamaTokens.prepended(base);
    var stops = OllamaTokens.ends(base);
    var notes = new ArrayList<String>();
    var found =
        Optional.of(template)
            .filter(t -> !dated) // the day of the export would stand there for ever
            .flatMap(t -> find(t, stops))
            .map(c -> withoutBegin(c, bos))
            .filter(Chat::writable)
            .filter(c -> OTHERS.stream().allMatch(o -> same(template, c, o, bos)));
    if (found.isEmpty()) {
      notes.add(
          "The base's chat template cannot be written in Ollama's template language. The Modelfile"
              + " has none: Ollama then takes one that it finds by the template in the GGUF file, or"
              + " none. Compare \"ollama show --template\" with chat_template.jinja.");
    } else {
      if (!same(template, found.get(), SPACED, bos)) {
        notes.add("The base's chat template trims contents; Ollama's does not.");
      }
      notes.add(
          "Tools in requests are not shown to the model: the template has no place for them.");
    }
    return new OllamaModelfile(found, stops, List.copyOf(notes));
  }

  /** The file. */
  String text(String model, String gguf) {
    var text = new StringBuilder("# " + model + ", written by Lathe\n");
    notes.forEach(n -> text.append("# ").append(n).append('\n'));
    text.append("FROM ./").append(gguf).append('\n');
    chat.ifPresent(c -> text.append("TEMPLATE \"\"\"").append(c.go()).append("\"\"\"\n"));
    for (var stop : stops) {
      text.append("PARAMETER stop \"").append(stop.replace("\"", "\\\"")).append("\"\n");
    }
    return text.toString();
  }

  private static List<Message> chat(String system, String... turns) {
    var chat = new ArrayList<Message>();
    if (!system.isEmpty()) {
      chat.add(Message.of(Role.SYSTEM, system));
    }
    for (int i = 0; i < turns.length; i++) {
      chat.add(Message.of(i % 2 == 0 ? Role.USER : Role.ASSISTANT, turns[i]));
    }
    return chat;
  }

  private static boolean same(ChatTemplate template, Chat chat, List<Message> turns, String bos) {
    return rendered(template, turns)
        .map(text -> without(text, bos).equals(chat.render(turns)))
        .orElse(false);
  }

  private static Optional<String> rendered(ChatTemplate template, List<Message> turns) {
    try {
      return Optional.of(template.render(turns, List.of(), true));
    } catch (BadInput refusedByTheTemplate) {
      return Optional.empty();
    }
  }

  private static Optional<Chat> find(ChatTemplate template, List<String> stops) {
    var plain = rendered(template, chat("", U, A, U2)).flatMap(t -> around(t, U, A, U2));
    var system = rendered(template, chat(S, U)).flatMap(t -> around(t, S, U));
    if (plain.isEmpty() || system.isEmpty()) {
      return Optional.empty();
    }
    var p = plain.get();
    var s = system.get();
    // What stands before a user's content: after nothing, after an answer, after a system turn. The
    // end that all three share is the user's, but for the token that ends the turn before.
    var shared = sharedEnd(List.of(p.get(0), p.get(2), s.get(1)));
    var user = shared.substring(endOfTurn(shared, stops).length());
    var afterUser = endOfTurn(p.get(3), stops);
    if (!p.get(1).startsWith(afterUser)) {
      afterUser = "";
    }
    return Optional.of(
        new Chat(
            cut(p.get(0), user),
            s.get(0),
            cut(s.get(1), user),
            user,
            afterUser,
            p.get(1).substring(afterUser.length()),
            cut(p.get(2), user),
            p.get(3).substring(afterUser.length())));
  }

  /** The stop token that a text begins with, and the line breaks after it. */
  private static String endOfTurn(String text, List<String> stops) {
    for (var stop : stops) {
      if (text.startsWith(stop)) {
        int end = stop.length();
        while (end < text.length() && text.charAt(end) == '\n') {
          end++;
        }
        return text.substring(0, end);
      }
    }
    return "";
  }

  /** The texts before, between and after the marks, if each stands there once, in this order. */
  private static Optional<List<String>> around(String text, String... marks) {
    var parts = new ArrayList<String>();
    int from = 0;
    for (var mark : marks) {
      int at = text.indexOf(mark, from);
      if (at < 0 || text.indexOf(mark, at + 1) >= 0) {
        return Optional.empty();
      }
      parts.add(text.substring(from, at));
      from = at + mark.length();
    }
    parts.add(text.substring(from));
    return Optional.of(parts);
  }

  private static String sharedEnd(List<String> texts) {
    var first = texts.getFirst();
    for (int from = 0; from < first.length(); from++) {
      var end = first.substring(from);
      if (texts.stream().allMatch(t -> t.endsWith(end))) {
        return end;
      }
    }
    return "";
  }

  private static String cut(String text, String end) {
    return text.substring(0, text.length() - end.length());
  }

  private static Chat withoutBegin(Chat c, String bos) {
    return new Chat(
        without(c.start(), bos),
        without(c.system(), bos),
        c.afterSystem(),
        c.user(),
        c.afterUser(),
        c.assistant(),
        c.afterAssistant(),
        c.generation());
  }

  /** Ollama puts the begin token there by itself where the file says so. */
  private static String without(String text, String bos) {
    return !bos.isEmpty() && text.startsWith(bos) ? text.substring(bos.length()) : text;
  }
}
