package dev.lathe.registry.models;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.registry.Transactions;
import dev.lathe.registry.audit.AuditLog;
import dev.lathe.registry.audit.Decision;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * The model versions of a home: registered once, never changed. A version is in the database only
 * when its files lie whole in their folder.
 */
public final class ModelRegistry {
  /** The alias that a model's bare name stands for. */
  public static final String CHAMPION = "champion";

  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final int LONGEST_TAG = 1_000;
  private static final int NAMED = 6;

  private final ModelRows rows;
  private final VersionFiles files;
  private final Transactions transactions;
  private final AuditLog audit;
  private final Clock clock;

  /**
   * @param folder {@code home/models}; servers that share a database share it too
   */
  public ModelRegistry(
      JdbcClient jdbc, PlatformTransactionManager transactions, Path folder, Clock clock) {
    this.files = new VersionFiles(folder);
    this.rows = new ModelRows(jdbc, files);
    this.transactions = new Transactions(transactions);
    this.audit = new AuditLog(jdbc, clock);
    this.clock = clock;
  }

  /**
   * Gives the next number of its name to what a run made, writes its card, and moves its files into
   * the registry's folder. A run that has a version already gets that one back, and the files are
   * dropped.
   *
   * @throws BadInput when the disk is full
   */
  public ModelVersion register(NewVersion made) {
    var version =
        rows.ofRun(made.run())
            .orElseGet(
                () -> {
                  var hashed = VersionFiles.hashed(made.files());
                  return transactions.change(() -> registered(made, hashed));
                });
    VersionFiles.discard(made.files());
    return version;
  }

  /** With the model's row locked, so that no two versions get one number or one folder. */
  private ModelVersion registered(NewVersion made, List<ModelVersion.File> hashed) {
    int number = rows.lockedNumber(made.name()) + 1;
    var meanwhile = rows.ofRun(made.run());
    if (meanwhile.isPresent()) {
      return meanwhile.get();
    }
    var version = withCard(made, version(made, number, hashed));
    files.publish(made.files(), made.name(), number);
    try {
      rows.insert(version);
      audit.add(
          "lathe",
          "register",
          version.name(),
          version.version(),
          Map.of("run", version.run(), "dataset", version.dataset(), "base", version.base()));
    } catch (RuntimeException e) {
      files.takeBack(made.name(), number, made.files()); // whoever tries again finds them there
      throw e;
    }
    return version;
  }

  private ModelVersion withCard(NewVersion made, ModelVersion bare) {
    var others = bare.files().stream().filter(f -> !f.path().equals(VersionFiles.CARD)).toList();
    var card = made.files().resolve(VersionFiles.CARD);
    Durable.write(card, ModelCard.of(bare, others));
    var all = new ArrayList<>(others);
    all.add(VersionFiles.hashed(made.files(), card));
    return version(made, bare.number(), all);
  }

  private ModelVersion version(NewVersion m, int number, List<ModelVersion.File> hashed) {
    return new ModelVersion(
        m.name() + "@" + number,
        m.name(),
        number,
        m.run(),
        m.dataset(),
        m.datasetId(),
        m.mixture(),
        m.base(),
        m.baseSha256(),
        m.templateSha256(),
        m.sources(),
        m.recipe(),
        m.metrics(),
        hashed,
        files.of(m.name(), number).toString(),
        m.codeVersion(),
        clock.instant().truncatedTo(ChronoUnit.MICROS));
  }

  /** Where a run's files are put together before they are registered; the same path each time. */
  public Path aside(String run) {
    return files.aside(run);
  }

  /**
   * The version of a reference: {@code name@3}, {@code name@champion}, or a bare name where it is
   * clear which is meant, namely the champion's, or else the only one.
   */
  public Optional<ModelVersion> find(String ref) {
    return ModelRef.parse(ref).flatMap(this::find);
  }

  private Optional<ModelVersion> find(ModelRef ref) {
    if (ref.number() != null) {
      return rows.version(ref.name(), ref.number());
    }
    var standing = rows.aliases(ref.name());
    var number = standing.get(ref.alias() == null ? CHAMPION : ref.alias());
    if (number == null && ref.alias() == null) {
      var numbers = rows.numbers(ref.name());
      number = numbers.size() == 1 ? numbers.getFirst() : null;
    }
    return number == null ? Optional.empty() : rows.version(ref.name(), number);
  }

  /**
   * @throws BadInput when there is none or it is not clear which is meant, with what is there
   */
  public ModelVersion require(String given) {
    var ref =
        ModelRef.parse(given)
            .orElseThrow(
                () ->
                    new BadInput(
                        "not a model reference",
                        given,
                        "Write NAME@N or NAME@ALIAS, such as support@3 or support@champion."));
    return find(ref).orElseThrow(() -> absent(given, ref));
  }

  private BadInput absent(String given, ModelRef ref) {
    var numbers = rows.numbers(ref.name());
    if (numbers.isEmpty()) {
      var names = names();
      return new BadInput(
          "no such model",
          ref.name(),
          names.isEmpty()
              ? "There is none yet: a completed './lathe train … --name NAME' becomes one."
              : DidYouMean.remedy(ref.name(), names));
    }
    var there = there(ref.name(), numbers);
    if (ref.number() != null) {
      return new BadInput("no such version", given, there);
    }
    if (ref.alias() == null) {
      return new BadInput(
          "it is not clear which version is meant: the model has no champion", given, there);
    }
    var standing = rows.aliases(ref.name()).keySet();
    var remedy =
        "Promote one: ./lathe models promote %s@%d --alias %s"
            .formatted(ref.name(), numbers.getFirst(), ref.alias());
    return new BadInput(
        "nothing was promoted to this alias",
        given,
        DidYouMean.nearest(ref.alias(), standing)
            .map(n -> "Did you mean '" + ref.name() + "@" + n + "'?")
            .orElse(remedy));
  }

  private static String there(String name, List<Integer> numbers) {
    var shown =
        numbers.stream().limit(NAMED).map(n -> name + "@" + n).collect(Collectors.joining(", "));
    return numbers.size() > NAMED
        ? "The newest of its " + numbers.size() + " versions are " + shown + "."
        : "There is " + shown + ".";
  }

  /** The names that have a version, sorted. */
  public List<String> names() {
    return rows.names();
  }

  /** A model's versions, newest first; none for a name that nothing bears. */
  public List<ModelVersion> versions(String name) {
    return rows.versions(name);
  }

  /** The version that a run became. */
  public Optional<ModelVersion> ofRun(String run) {
    return rows.ofRun(run);
  }

  /**
   * Hashes every file of a version again.
   *
   * @throws BadInput when there is no such version
   */
  public Verification verify(String ref) {
    var version = require(ref);
    return new Verification(version.version(), version.folder(), VersionFiles.differences(version));
  }

  /** What people noted of a version. */
  public Map<String, String> tags(ModelVersion version) {
    return rows.tags(version);
  }

  /**
   * Notes something of a version, in place of what stood under that tag.
   *
   * @param content empty to take the tag away
   * @throws BadInput when tag or content cannot be kept
   */
  public void tag(ModelVersion version, String tag, String content, Decision decision) {
    if (!TAG.matcher(tag).matches()) {
      throw new BadInput(
          "not a tag", tag, "Use up to 64 letters, digits, '.', '_' and '-', such as owner.");
    }
    if (content.length() > LONGEST_TAG || content.chars().anyMatch(Character::isISOControl)) {
      throw new BadInput(
          "a tag's content cannot be kept",
          tag,
          "Use one line of at most " + LONGEST_TAG + " characters.");
    }
    transactions.run(
        () -> {
          if (content.isEmpty()) {
            rows.untag(version, tag);
          } else {
            rows.tag(version, tag, content);
          }
          audit.add(
              decision.by(),
              "tag",
              version.name(),
              version.version(),
              Map.of("tag", tag, "content", content, "reason", decision.reason()));
        });
  }
}
