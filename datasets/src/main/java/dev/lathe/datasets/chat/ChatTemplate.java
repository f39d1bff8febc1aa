package dev.lathe.datasets.chat;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.jinja.Rendering;
import dev.lathe.datasets.chat.jinja.Template;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A chat template, rendered as Hugging Face transformers renders it, with the assistant-only mask
 * ({@link AnswerSpans}) and a stated policy for tools ({@link ToolPolicy}). Immutable; any number
 * of threads may use it.
 */
public final class ChatTemplate {
  private final Template template;
  private final Map<String, String> special;
  private final ToolPolicy tools;
  private final AnswerSpans answers;
  private final String sha256;
  private final Map<String, Object> declarations = new ConcurrentHashMap<>();

  private ChatTemplate(String source, Map<String, String> special, Clock clock) {
    this.template = Template.parse(source, clock);
    this.special = Map.copyOf(special);
    this.sha256 = Sha256.of(source);
    this.tools = ToolPolicy.probe((turns, declared) -> write(turns, declared, false).text());
    this.answers = new AnswerSpans(source, (turns, prompt) -> write(turns, List.of(), prompt));
  }

  /**
   * @param special what the template may call {@code bos_token}, {@code eos_token}, …
   * @param clock for templates that write today's date; a fixed one makes datasets repeatable
   * @throws BadInput for a template that is no Jinja, with the line
   */
  public static ChatTemplate of(String jinja, Map<String, String> special, Clock clock) {
    return new ChatTemplate(jinja, special, clock);
  }

  public static ChatTemplate of(String jinja, Map<String, String> special) {
    return of(jinja, special, Clock.systemDefaultZone());
  }

  /**
   * The same.
   *
   * @param baseFolder whose {@code tokenizer_config.json} names the special tokens
   */
  public static ChatTemplate of(String jinja, Path baseFolder) {
    return of(jinja, SpecialTokens.read(baseFolder));
  }

  /** The base's own, telling today's date where it asks for one: for answers, not for datasets. */
  public static ChatTemplate of(Base base) {
    return read(base.chatTemplate(), base.folder());
  }

  /**
   * A template of the user's own.
   *
   * @param file Jinja text
   * @param baseFolder whose {@code tokenizer_config.json} names the special tokens
   */
  public static ChatTemplate read(Path file, Path baseFolder) {
    return of(source(file), baseFolder);
  }

  /** The same on a day: rendered at any time, the same conversation gives the same text. */
  public static ChatTemplate readFor(LocalDate day, Path file, Path baseFolder) {
    var clock = Clock.fixed(day.atStartOfDay(ZoneOffset.UTC).toInstant(), ZoneOffset.UTC);
    return of(source(file), SpecialTokens.read(baseFolder), clock);
  }

  /** Whether a template may write today's date. */
  public static boolean tellsTheDate(Path file) {
    return source(file).contains("strftime_now");
  }

  private static String source(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new BadInput(
          "cannot read the chat template: " + e.getMessage(),
          file.toString(),
          "Give a file with a Jinja template.",
          e);
    }
  }

  /** The hash of the template's text; a dataset version is bound to it. */
  public String sha256() {
    return sha256;
  }

  /** Whether the template shows calls of functions and their results itself. */
  public boolean rendersTools() {
    return tools.rendersTools();
  }

  /**
   * The text that the model is given.
   *
   * @param declared the functions offered, each the JSON text of its declaration
   * @throws BadInput where the template refuses the messages, or fails on them
   */
  public String render(List<Message> messages, List<String> declared, boolean addGenerationPrompt) {
    return write(tools.turns(messages), declared, addGenerationPrompt).text();
  }

  /**
   * The whole conversation, with the characters that the model is to learn: each answer, its
   * end-of-turn token included, its header not; answers of weight 0 excepted.
   *
   * @throws BadInput where the template refuses the conversation or does not tell what is the
   *     assistant's
   */
  public Rendered renderForTraining(Conversation conversation) {
    var turns = tools.turns(conversation.messages());
    var whole = write(turns, conversation.tools(), false);
    var labelled = answers.of(turns, whole, (t, prompt) -> write(t, conversation.tools(), prompt));
    return new Rendered(whole.text(), labelled, counts(conversation));
  }

  /** A message's text, calls of functions written out, as templates without tools are given it. */
  static String written(Message message) {
    return ToolPolicy.written(message);
  }

  /** What of a conversation is shown, and how. */
  RenderCounts counts(Conversation conversation) {
    return tools.counts(conversation.messages(), conversation.tools());
  }

  private Rendering write(List<Turn> turns, List<String> declared, boolean prompt) {
    var messages = new ArrayList<Object>(turns.size());
    turns.forEach(t -> messages.add(t.message()));
    var variables = new LinkedHashMap<String, @Nullable Object>(special);
    variables.put("messages", messages);
    variables.put(
        "tools", declared.isEmpty() ? null : declared.stream().map(this::parsed).toList());
    variables.put("documents", null);
    variables.put("add_generation_prompt", prompt);
    return template.render(variables, messages);
  }

  /** Logs declare the same few functions again and again. */
  private Object parsed(String declaration) {
    if (declarations.size() > 10_000) {
      declarations.clear();
    }
    return declarations.computeIfAbsent(
        declaration,
        d -> {
          var value = Plain.orText(d);
          return value == null ? d : value;
        });
  }
}
