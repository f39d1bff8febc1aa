package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.chat.SourcesAndAnswers;
import dev.lathe.datasets.logs.LogFile;
import dev.lathe.datasets.logs.Logs;
import dev.lathe.datasets.store.ContentHash;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.VersionFolder;
import dev.lathe.datasets.tokens.PieceCache;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.datasets.tokens.Truncation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One build, from its inputs to a published version. Each step does a little and is asked again, so
 * that the job's record follows; until {@link #publish} nothing of it can be seen in the store.
 */
final class DatasetBuild implements AutoCloseable {
  private final DatasetRequest request;
  private final DatasetRecipe recipe;
  private final DatasetStore store;
  private final Consumer<BuildProgress> progress;
  private final Clock clock;
  private final long started = System.nanoTime();
  private final List<LogFile> files;
  private final List<String> hashes;
  private final ChatTemplate template;
  private final String tokenizerSha256;
  private final String id;
  private @Nullable Work work;
  private @Nullable DatasetVersion published;

  /** What exists only while something is built. */
  private static final class Work implements AutoCloseable {
    final int cores = Runtime.getRuntime().availableProcessors();
    final ExecutorService threads =
        Executors.newFixedThreadPool(
            cores, Thread.ofPlatform().name("dataset-", 0).daemon().factory());
    final VersionFolder folder;
    final Spool spool;
    final Tally tally;
    final ReadPart reading;
    final SplitPart splitting;
    final @Nullable PreferenceRows preferences;
    @Nullable Tokenizer tokenizer;
    @Nullable TokenPart tokens;

    Work(DatasetBuild build) {
      folder = build.store.aside();
      spool = new Spool(folder.path().resolve("spool"));
      tally = new Tally(folder.drops());
      var recipe = build.recipe;
      preferences =
          recipe.kind() == DatasetRecipe.Kind.PREFERENCE
              ? new PreferenceRows(recipe.pairsPerContext())
              : null;
      reading =
          new ReadPart(
              build.files,
              build.hashes,
              build.request.logs().size(),
              recipe,
              spool,
              tally,
              preferences,
              threads,
              2 * cores);
      splitting = new SplitPart(recipe, spool, tally, threads, 2 * cores);
    }

    @Override
    public void close() {
      threads.shutdownNow();
      var open = tokenizer;
      var writing = tokens;
      // All of them, whatever each says: on a full disk what is buffered cannot be written.
      try (open;
          writing;
          tally;
          spool;
          reading) {
        if (open != null) {
          threads.close(); // a worker may still be inside of it
        }
      }
    }
  }

  /**
   * Checks the inputs and hashes them; nothing is written yet.
   *
   * @throws dev.lathe.checkpoints.input.BadInput for logs or a template that cannot be read
   */
  DatasetBuild(
      DatasetRequest request, DatasetStore store, Consumer<BuildProgress> progress, Clock clock) {
    this.request = request;
    this.store = store;
    this.progress = progress;
    this.clock = clock;
    if (request.logs().isEmpty()) {
      throw new BadInput("no log was given", null, "./lathe dataset build LOG… --name N --base B.");
    }
    files = Logs.files(request.all(), request.format());
    hashes = request.all().stream().map(Sha256::of).toList();
    tokenizerSha256 = request.base().tokenizerSha256();
    recipe = dated();
    if (request.base().config().isEncoderDecoder()
        && recipe.kind() == DatasetRecipe.Kind.PREFERENCE) {
      throw new BadInput(
          "an encoder-decoder does not learn preferences here",
          "kind=preference for " + request.base().name(),
          "Take --set kind=chat, which learns what was liked, or a decoder.");
    }
    var day = recipe.date() == null ? LocalDate.EPOCH : recipe.date();
    template = ChatTemplate.readFor(day, templateFile(), request.base().folder());
    id = id(recipe);
  }

  /**
   * A template that writes the date would make another dataset every day. So the day is part of the
   * recipe: the one given, else the day on which the same inputs were built before, else today.
   */
  private DatasetRecipe dated() {
    var wanted = request.recipe().forLogs(files.stream().map(LogFile::format).toList());
    if (wanted.date() != null || !ChatTemplate.tellsTheDate(templateFile())) {
      return wanted;
    }
    return store.versions(request.name()).stream()
        .filter(v -> v.recipe().get("date") instanceof String)
        .map(v -> Map.entry(v.id(), wanted.on(LocalDate.parse("" + v.recipe().get("date")))))
        .filter(e -> id(e.getValue()).equals(e.getKey()))
        .findFirst()
        .map(Map.Entry::getValue)
        .orElseGet(() -> wanted.on(LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC)));
  }

  private String id(DatasetRecipe dated) {
    var sources =
        IntStream.range(0, files.size())
            .mapToObj(
                i ->
                    (i < request.logs().size() ? "" : "validation:")
                        + files.get(i).format().wire()
                        + ":"
                        + hashes.get(i))
            .toList();
    return ContentHash.of(sources, dated, tokenizerSha256, Sha256.of(templateFile()));
  }

  private Path templateFile() {
    var own = request.recipe().template();
    return own == null ? request.base().chatTemplate() : Path.of(own);
  }

  String id() {
    return id;
  }

  String name() {
    return request.name();
  }

  /** What these inputs made before. */
  Optional<DatasetVersion> existing() {
    return store.withId(request.name(), id);
  }

  boolean read() {
    if (work == null) {
      work = new Work(this);
    }
    boolean more = work.reading.more();
    progress.accept(new BuildProgress("read", work.reading.conversations(), 0));
    return more;
  }

  boolean split() {
    var w = work();
    boolean more = w.splitting.more();
    progress.accept(new BuildProgress("split", w.splitting.done(), w.spool.size()));
    return more;
  }

  boolean tokenize() {
    var w = work();
    if (w.tokens == null) {
      if (w.spool.size() == 0) {
        throw new BadInput(
            "the dataset would be empty",
            request.name(),
            "Of " + w.reading.conversations() + " conversations none is left: " + dropped(w));
      }
      w.tokenizer = Tokenizer.open(request.base().tokenizer());
      var pieces = new PieceCache(w.tokenizer, request.base().tokenizer());
      var truncation = new Truncation(recipe.maxLength(), recipe.truncation());
      w.tokens =
          new TokenPart(
              w.spool,
              w.tally,
              w.preferences,
              pieces,
              tokenizerSha256,
              template,
              truncation,
              answers(pieces, truncation),
              w.folder,
              w.threads,
              2 * w.cores);
    }
    boolean more = w.tokens.more();
    progress.accept(new BuildProgress("tokenize", w.tokens.done(), w.spool.size()));
    return more;
  }

  /** How an encoder-decoder learns; null for a decoder. */
  private @Nullable SourcesAndAnswers answers(PieceCache pieces, Truncation truncation) {
    var config = request.base().config();
    return config.isEncoderDecoder()
        ? new SourcesAndAnswers(
            template, t -> pieces.encode(t).ids(), config.endTokens().getFirst(), truncation)
        : null;
  }

  void publish() {
    var w = work();
    var tokens = Objects.requireNonNull(w.tokens, "tokenize first");
    var parts = tokens.parts();
    long labels = parts.values().stream().mapToLong(DatasetVersion.Part::labelTokens).sum();
    if (labels == 0) {
      throw new BadInput(
          "the dataset would have no labelled token",
          request.name(),
          "Nothing could be learned from it: " + dropped(w));
    }
    progress.accept(new BuildProgress("publish", 0, 0));
    try {
      Files.copy(templateFile(), w.folder.template());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the template", e);
    }
    w.tally.close();
    w.spool.close();
    published = store.publish(w.folder, request.name(), n -> manifest(w, tokens, n));
  }

  private DatasetVersion manifest(Work w, TokenPart tokens, int number) {
    var parts = tokens.parts();
    var sources = w.reading.sources();
    return new DatasetVersion(
        request.name() + "@" + number,
        request.name(),
        number,
        id,
        request.base().name(),
        tokenizerSha256,
        template.sha256(),
        recipe.template() != null,
        sources,
        recipe.toMap(),
        w.reading.conversations(),
        parts.values().stream().mapToLong(DatasetVersion.Part::conversations).sum(),
        w.tally.dropped,
        sources.stream().mapToLong(DatasetVersion.Source::broken).sum(),
        w.tally.changes,
        w.tally.changesOf("redact."),
        tokens.tools(),
        tokens.truncated(),
        tokens.preferences(),
        parts.values().stream().mapToLong(DatasetVersion.Part::tokens).sum(),
        parts.values().stream().mapToLong(DatasetVersion.Part::labelTokens).sum(),
        parts,
        Math.round((System.nanoTime() - started) / 1e6) / 1e3,
        clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private static String dropped(Work w) {
    return w.tally.dropped.isEmpty()
        ? "the logs hold none."
        : "dropped by rule: "
            + w.tally.dropped.entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "))
            + ". A recipe can change the rules.";
  }

  DatasetVersion published() {
    if (published == null) {
      throw new IllegalStateException("the build has not ended");
    }
    return published;
  }

  private Work work() {
    if (work == null) {
      throw new IllegalStateException("read first");
    }
    return work;
  }

  /** Leaves nothing behind of a build that was not published. */
  @Override
  public void close() {
    if (work != null) {
      try {
        work.close();
      } finally {
        store.discard(work.folder);
      }
    }
  }
}
