package dev.lathe.datasets.store;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.input.BadInput;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A version's manifest.
 *
 * @param dataset the reference, {@code name@3}
 * @param id the hash of everything that went in: sources, recipe, tokenizer, template, code
 * @param base the base it was built for; any base with its tokenizer and template can use it
 * @param conversations read from the sources
 * @param kept in the splits; {@code conversations - kept} is the sum of {@code dropped}
 * @param dropped conversations by the rule that dropped them
 * @param broken entries of the sources that could not be read
 * @param changes turns and finds that rules changed, such as {@code role-repair.merged-turn}
 * @param redactions placeholders by kind
 * @param toolPolicy how turns with tools were rendered, and how many
 * @param truncated what the length limit did: examples truncated, tokens and labels cut
 * @param preferences of a preference dataset: answers {@code liked} and {@code disliked}, their
 *     {@code contexts}, and {@code pairs}, in all and by split; empty for a chat dataset
 * @param tokens of all splits
 * @param labelTokens those that are learned
 * @param splits keyed train, validation, test
 * @param seconds the build took
 * @param createdAt ISO-8601
 */
public record DatasetVersion(
    String dataset,
    String name,
    int version,
    String id,
    String base,
    String tokenizerSha256,
    String templateSha256,
    boolean ownTemplate,
    List<Source> sources,
    Map<String, Object> recipe,
    long conversations,
    long kept,
    SortedMap<String, Long> dropped,
    long broken,
    SortedMap<String, Long> changes,
    SortedMap<String, Long> redactions,
    SortedMap<String, Long> toolPolicy,
    SortedMap<String, Long> truncated,
    SortedMap<String, Long> preferences,
    long tokens,
    long labelTokens,
    Map<String, Part> splits,
    double seconds,
    String createdAt) {
  public DatasetVersion {
    sources = List.copyOf(sources);
    dropped = new TreeMap<>(dropped);
    changes = new TreeMap<>(changes);
    redactions = new TreeMap<>(redactions);
    toolPolicy = new TreeMap<>(toolPolicy);
    truncated = new TreeMap<>(truncated);
    preferences = Objects.requireNonNullElseGet(preferences, TreeMap::new); // older manifests
  }

  /**
   * One log.
   *
   * @param firstBroken the first few broken entries: line and reason
   */
  public record Source(
      String file,
      String format,
      String sha256,
      long bytes,
      long read,
      long joined,
      long broken,
      List<String> firstBroken) {}

  /**
   * One split.
   *
   * @param examples as many as conversations, unless long ones are cut into windows
   */
  public record Part(long conversations, long examples, long tokens, long labelTokens) {}

  /** Whether its examples are judged answers, rather than conversations to learn. */
  public boolean holdsPreferences() {
    return "preference".equals(recipe.get("kind"));
  }

  /** Pairs of a split. */
  public long pairs(Split split) {
    return preferences.getOrDefault("pairs." + split.wire(), 0L);
  }

  public Part part(Split split) {
    return splits.getOrDefault(split.wire(), new Part(0, 0, 0, 0));
  }

  /**
   * @throws BadInput when {@code other} makes other tokens of text, or renders chats otherwise
   */
  public void requireFor(Base other) {
    var remedy = "Build the logs again with --base " + other.name() + ", or train on " + base + ".";
    if (!other.tokenizerSha256().equals(tokenizerSha256)) {
      throw new BadInput(
          "this dataset is bound to another tokenizer than that of " + other.name(),
          dataset + ", built for " + base,
          remedy);
    }
    if (!ownTemplate && !other.templateSha256().equals(templateSha256)) {
      throw new BadInput(
          "this dataset is bound to another chat template than that of " + other.name(),
          dataset + ", built for " + base,
          remedy);
    }
  }
}
