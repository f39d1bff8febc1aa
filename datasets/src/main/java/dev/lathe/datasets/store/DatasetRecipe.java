package dev.lathe.datasets.store;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.datasets.cleaning.Cleaner;
import dev.lathe.datasets.cleaning.DownVoted;
import dev.lathe.datasets.cleaning.Empty;
import dev.lathe.datasets.cleaning.Length;
import dev.lathe.datasets.cleaning.NoAssistant;
import dev.lathe.datasets.cleaning.Normalise;
import dev.lathe.datasets.cleaning.Pii;
import dev.lathe.datasets.cleaning.Redact;
import dev.lathe.datasets.cleaning.RepairRoles;
import dev.lathe.datasets.cleaning.Rule;
import dev.lathe.datasets.cleaning.Secret;
import dev.lathe.datasets.cleaning.Unrated;
import dev.lathe.datasets.logs.LogFormat;
import dev.lathe.datasets.tokens.Truncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Everything that decides what becomes of logs, besides the base's tokenizer and template.
 *
 * @param kind what an example is; AUTO is resolved by what the logs are
 * @param pairsPerContext pairs made of one context's rated answers, at most
 * @param maxLength tokens of an example
 * @param truncation what becomes of a longer one
 * @param validation share of the conversations (or users) for validation
 * @param test share for the test part
 * @param seed another one splits otherwise
 * @param dedupe which duplicates go
 * @param redact kinds of personal data that placeholders stand for
 * @param downVoted whether conversations that were voted down are kept
 * @param minTurns user and assistant turns of a conversation, at least
 * @param maxCharacters of a conversation
 * @param template a Jinja file instead of the base's chat template
 * @param date what a template that writes today's date is told; null for the day of the build
 * @param decontaminate words of a run that no training answer may share with a validation or test
 *     answer; 0 for no such check
 * @param decontaminateIgnore phrases; lines that hold one do not count for {@code decontaminate}
 */
public record DatasetRecipe(
    Kind kind,
    int pairsPerContext,
    int maxLength,
    Truncation.Policy truncation,
    double validation,
    double test,
    int seed,
    Dedupe dedupe,
    Set<Pii> redact,
    DownVotes downVoted,
    int minTurns,
    int maxCharacters,
    @Nullable String template,
    @Nullable LocalDate date,
    int decontaminate,
    List<String> decontaminateIgnore) {

  /** What an example of a dataset is. */
  public enum Kind {
    /** Preferences where a log of the format {@code preference} is among the logs, else chats. */
    AUTO,
    /** A conversation whose answers are learned. */
    CHAT,
    /** An answer that was liked or disliked, and pairs of such answers to one context. */
    PREFERENCE
  }

  /** Which duplicates are dropped. */
  public enum Dedupe {
    NEAR,
    EXACT,
    OFF
  }

  /** What becomes of conversations whose feedback says no. */
  public enum DownVotes {
    DROP,
    KEEP
  }

  public DatasetRecipe {
    redact = Set.copyOf(redact);
    decontaminateIgnore = List.copyOf(decontaminateIgnore);
    if (validation + test >= 1) {
      throw new IllegalArgumentException("validation and test leave nothing to train on");
    }
  }

  public static DatasetRecipe defaults() {
    return of(Map.of());
  }

  /**
   * Reads a recipe file and lays {@code set} over it.
   *
   * @param file YAML, or null for the defaults
   * @throws BadInput naming every problem at once
   */
  public static DatasetRecipe read(@Nullable Path file, Map<String, String> set) {
    return of(Settings.overlaid(file == null ? Map.of() : yaml(file), set));
  }

  /**
   * @throws BadInput naming every problem at once
   */
  public static DatasetRecipe of(Map<String, ?> values) {
    var s = new Settings("dataset recipe", values);
    var kind = s.choice("kind", Kind.AUTO);
    int pairsPerContext = s.integer("pairsPerContext", 16, 1, 10_000);
    int maxLength = s.integer("maxLength", 2048, 2, 1 << 20);
    var truncation = s.choice("truncation", Truncation.Policy.END);
    double validation = s.number("validation", 0.05, 0, 0.9);
    double test = s.number("test", 0.05, 0, 0.9);
    int seed = s.integer("seed", 7, 0, Integer.MAX_VALUE);
    var dedupe = s.choice("dedupe", Dedupe.NEAR);
    var redact = redact(s);
    var downVoted = s.choice("downVoted", DownVotes.DROP);
    int minTurns = s.integer("minTurns", 2, 1, 10_000);
    int maxCharacters = s.integer("maxCharacters", 1_000_000, 1, Integer.MAX_VALUE);
    var template = s.text("template", null);
    var date = date(s);
    int decontaminate = s.integer("decontaminate", 0, 0, 1000);
    var ignore = s.words("decontaminateIgnore", List.of());
    if (validation + test >= 1) {
      s.problem("validation and test together leave nothing to train on");
    }
    if (decontaminate == 1) {
      s.problem("decontaminate: a run has 2 words or more (0 for no check)");
    }
    if (template != null && !Files.isRegularFile(Path.of(template))) {
      s.problem("template: there is no file " + template);
    }
    s.done();
    return new DatasetRecipe(
        kind,
        pairsPerContext,
        maxLength,
        truncation,
        validation,
        test,
        seed,
        dedupe,
        redact,
        downVoted,
        minTurns,
        maxCharacters,
        template,
        date,
        decontaminate,
        ignore);
  }

  private static @Nullable LocalDate date(Settings s) {
    var given = s.text("date", null);
    try {
      return given == null ? null : LocalDate.parse(given);
    } catch (DateTimeParseException e) {
      s.problem("date: '%s' is no day such as 2026-11-21".formatted(given));
      return null;
    }
  }

  private static Set<Pii> redact(Settings s) {
    var words = s.words("redact", List.of("all"));
    if (words.equals(List.of("all")) || words.equals(List.of("true"))) {
      return EnumSet.allOf(Pii.class);
    }
    var kinds = EnumSet.noneOf(Pii.class);
    if (words.equals(List.of("none")) || words.equals(List.of("false"))) {
      return kinds;
    }
    for (var word : words) {
      try {
        kinds.add(Pii.of(word));
      } catch (BadInput e) {
        s.problem("redact: '%s' is unknown. %s".formatted(word, e.remedy()));
      }
    }
    return kinds;
  }

  private static Map<String, Object> yaml(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new BadInput("no such recipe", file.toString(), "Give the path of a YAML file.");
    }
    try {
      var read =
          YAMLMapper.shared()
              .readValue(
                  Files.readString(file), new TypeReference<@Nullable Map<String, Object>>() {});
      return read == null ? Map.of() : besides(file, read);
    } catch (IOException e) {
      throw new BadInput(
          "the recipe cannot be read", file.toString(), "Give the path of a YAML file.", e);
    } catch (JacksonException e) {
      throw new BadInput(
          "the recipe is no YAML mapping",
          file.toString(),
          String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse(""),
          e);
    }
  }

  /** A template named in a file lies where it says, seen from that file. */
  private static Map<String, Object> besides(Path file, Map<String, Object> keys) {
    if (keys.get("template") instanceof String template) {
      keys.put("template", file.resolveSibling(template).toString());
    }
    return keys;
  }

  /** The rules before duplicates are looked for, in their order. */
  public Cleaner cleaner() {
    var rules = new ArrayList<Rule>();
    if (kind == Kind.PREFERENCE) {
      rules.add(new Unrated());
    } else if (downVoted == DownVotes.DROP) {
      rules.add(new DownVoted());
    }
    rules.add(new Normalise());
    rules.add(new RepairRoles());
    rules.add(new Empty());
    rules.add(new NoAssistant());
    rules.add(new Secret());
    rules.add(new Length(minTurns, maxCharacters));
    if (!redact.isEmpty()) {
      rules.add(new Redact(redact));
    }
    return new Cleaner(rules);
  }

  /**
   * The same recipe with its kind decided.
   *
   * @param formats of the logs
   * @throws BadInput where a long answer would become several examples, or lose its context
   */
  public DatasetRecipe forLogs(Collection<LogFormat> formats) {
    boolean compared = formats.contains(LogFormat.PREFERENCE);
    var resolved = kind == Kind.AUTO ? compared ? Kind.PREFERENCE : Kind.CHAT : kind;
    boolean cuts = truncation == Truncation.Policy.START || truncation == Truncation.Policy.SPLIT;
    if (resolved == Kind.PREFERENCE && cuts) {
      throw new BadInput(
          "answers are compared whole and in their whole context",
          "truncation=" + word(truncation),
          "Take truncation=end (the answer's end is cut) or drop, or kind=chat.");
    }
    var keys = toMap();
    keys.put("kind", word(resolved));
    return of(keys);
  }

  /** The same recipe on a day. */
  public DatasetRecipe on(LocalDate day) {
    var keys = toMap();
    keys.put("date", day.toString());
    return of(keys);
  }

  /** Every key with its value, as YAML and JSON have it; {@link #of} reads it back. */
  public Map<String, Object> toMap() {
    var m = new LinkedHashMap<String, Object>();
    m.put("kind", word(kind));
    m.put("pairsPerContext", pairsPerContext);
    m.put("maxLength", maxLength);
    m.put("truncation", word(truncation));
    m.put("validation", validation);
    m.put("test", test);
    m.put("seed", seed);
    m.put("dedupe", word(dedupe));
    m.put(
        "redact",
        redact.isEmpty() ? List.of("none") : redact.stream().sorted().map(Pii::wire).toList());
    m.put("downVoted", word(downVoted));
    m.put("minTurns", minTurns);
    m.put("maxCharacters", maxCharacters);
    if (template != null) {
      m.put("template", template);
    }
    if (date != null) {
      m.put("date", date.toString());
    }
    m.put("decontaminate", decontaminate);
    m.put("decontaminateIgnore", decontaminateIgnore);
    return m;
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
