package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.ToolCall;
import dev.lathe.datasets.tokens.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;

/**
 * Prompts as the trainer makes them: the base's chat template, the base's tokenizer. What a message
 * spells like a control token stays text, though: only the template writes control tokens.
 */
public final class Prompts implements AutoCloseable {
  private final Path tokenizerFile;
  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final List<String> control;
  private final Pattern controls;
  private @Nullable Tokenizer plain;

  private Prompts(Path base, ChatTemplate template, Tokenizer tokenizer) {
    this.tokenizerFile = base.resolve("tokenizer.json");
    this.template = template;
    this.tokenizer = tokenizer;
    var added = JsonFile.read(tokenizerFile).path("added_tokens");
    this.control =
        added
            .valueStream()
            .filter(t -> t.path("special").asBoolean(false))
            .map(t -> t.path("content").asString(""))
            .filter(t -> !t.isEmpty())
            .sorted(Comparator.comparingInt(String::length).reversed())
            .toList();
    this.controls =
        Pattern.compile(
            control.isEmpty()
                ? "(?!)"
                : control.stream().map(Pattern::quote).collect(Collectors.joining("|")));
  }

  /**
   * @param base a base's folder
   * @throws dev.lathe.checkpoints.input.BadInput when its tokenizer or template cannot be read
   */
  public static Prompts open(Path base) {
    var template = ChatTemplate.read(base.resolve("chat_template.jinja"), base);
    return new Prompts(base, template, Tokenizer.open(base.resolve("tokenizer.json")));
  }

  /** The tokens that end turns and the like, as they are spelled. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** A chat's text, an answer begun. */
  String render(List<Message> messages, List<String> tools) {
    return template.render(messages, tools, true);
  }

  /** A chat's tokens, an answer begun. */
  int[] encode(List<Message> messages, List<String> tools) {
    var rendered = render(messages, tools);
    // Nearly every chat: no message spells a control token, and the trainer's way is taken.
    if (spelled(messages, tools)) {
      return encodeGuarded(messages, tools);
    }
    return tokenizer.encode(rendered).ids();
  }

  /** A text's tokens; control tokens spelled in it are control tokens. */
  int[] encode(String text) {
    return tokenizer.encode(text).ids();
  }

  /** A text's tokens, none of them a control token. */
  int[] encodePlain(String text) {
    return controls.matcher(text).find() ? plain().encode(text).ids() : encode(text);
  }

  String decode(int[] ids) {
    return tokenizer.decode(ids);
  }

  private boolean spelled(List<Message> messages, List<String> tools) {
    return tools.stream().anyMatch(t -> controls.matcher(t).find())
        || messages.stream()
            .anyMatch(
                m ->
                    controls.matcher(m.content()).find()
                        || (m.name() != null && controls.matcher(m.name()).find())
                        || m.toolCalls().stream()
                            .anyMatch(
                                c -> controls.matcher(c.name() + "\n" + c.arguments()).find()));
  }

  /**
   * Renders with each control token that a message spells replaced by a word that nobody can know,
   * splits the text at the control tokens that are left, which are the template's, and encodes what
   * lies between without control tokens, as the tokenizer itself encodes the pieces between them.
   */
  private int[] encodeGuarded(List<Message> messages, List<String> tools) {
    var guard = "g" + UUID.randomUUID().toString().replace("-", "") + "n";
    var rendered =
        render(
            messages.stream().map(m -> guarded(m, guard)).toList(),
            tools.stream().map(t -> guarded(t, guard)).toList());
    var ids = new ArrayList<int[]>();
    var matcher = controls.matcher(rendered);
    int from = 0;
    while (matcher.find()) {
      ids.add(between(rendered.substring(from, matcher.start()), guard));
      ids.add(new int[] {tokenizer.idOf(matcher.group()).orElseThrow()});
      from = matcher.end();
    }
    ids.add(between(rendered.substring(from), guard));
    return ids.stream().flatMapToInt(IntStream::of).toArray();
  }

  private int[] between(String text, String guard) {
    if (text.isEmpty()) {
      return new int[0];
    }
    var spelled =
        Pattern.compile(guard + "([0-9]+)x")
            .matcher(text)
            .replaceAll(
                m ->
                    java.util.regex.Matcher.quoteReplacement(
                        control.get(Integer.parseInt(m.group(1)))));
    return plain().encode(spelled).ids();
  }

  private Message guarded(Message m, String guard) {
    return new Message(
        m.role(),
        guarded(m.content(), guard),
        m.toolCalls().stream()
            .map(c -> new ToolCall(c.id(), guarded(c.name(), guard), guarded(c.arguments(), guard)))
            .toList(),
        m.toolCallId(),
        m.name() == null ? null : guarded(m.name(), guard),
        m.weight());
  }

  private String guarded(String text, String guard) {
    return controls
        .matcher(text)
        .replaceAll((MatchResult m) -> guard + control.indexOf(m.group()) + "x");
  }

  /** The same tokenizer without its control tokens; made when it is first needed. */
  private synchronized Tokenizer plain() {
    if (plain == null) {
      var json = JsonFile.read(tokenizerFile);
      if (json.get("added_tokens") instanceof ArrayNode added) {
        added.removeIf(t -> t.path("special").asBoolean(false));
      }
      json.putNull("post_processor");
      try {
        var file = Files.createTempFile("lathe-plain-", ".json");
        try {
          Files.writeString(file, json.toString());
          plain = Tokenizer.open(file);
        } finally {
          Files.delete(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return plain;
  }

  @Override
  public synchronized void close() {
    tokenizer.close();
    if (plain != null) {
      plain.close();
    }
  }
}
