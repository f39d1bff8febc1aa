package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.cleaning.Cleaned;
import dev.lathe.datasets.cleaning.Cleaner;
import dev.lathe.datasets.cleaning.Drop;
import dev.lathe.datasets.cleaning.Duplicates;
import dev.lathe.datasets.cleaning.Fingerprint;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.logs.Item;
import dev.lathe.datasets.logs.LogEntry;
import dev.lathe.datasets.logs.LogFile;
import dev.lathe.datasets.logs.LogReader;
import dev.lathe.datasets.preference.ComparedAnswers;
import dev.lathe.datasets.preference.JudgedAnswer;
import dev.lathe.datasets.store.ConversationJson;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetVersion.Source;
import dev.lathe.datasets.store.Split;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The first step: logs into the spool. Lines are drawn on one thread; parsing, cleaning,
 * fingerprints and writing them down again are pure and happen on all; duplicates are judged on
 * one, in the logs' order.
 */
final class ReadPart implements AutoCloseable {
  private static final int BATCH = 64;
  private static final int REASONS = 5;
  private static final String NOT_PREFERRED = "not-preferred";
  private static final String NO_ANSWER = "no-answer";
  private static final String NO_COUNTERPART = "no-counterpart";
  private static final String CONTRADICTORY = "contradictory";

  private final DatasetRecipe recipe;
  private final Cleaner cleaner;
  private final Spool spool;
  private final Tally tally;
  private final @Nullable PreferenceRows preferences;
  private final InOrder<Batch, List<Prepared>> batches;
  private final Duplicates duplicates = new Duplicates();
  private final Set<String> ids = new HashSet<>();
  private final List<Counts> counts = new ArrayList<>();
  private int next;
  private @Nullable LogReader reader;
  private long conversations;

  private record Batch(int file, LogReader reader, List<Item> items) {}

  /** What became of one item, on its way from a worker to the one that judges duplicates. */
  private record Prepared(int file, LogEntry entry, List<Row> rows) {}

  /**
   * One conversation of an item.
   *
   * @param print where duplicates are looked for
   * @param answer in a preference dataset
   * @param json empty where it was dropped
   */
  private record Row(
      Cleaned cleaned, @Nullable Fingerprint print, @Nullable JudgedAnswer answer, byte[] json) {
    static Row dropped(Conversation conversation, String rule, String why) {
      return dropped(Drop.of(conversation, rule, why));
    }

    static Row dropped(Drop drop) {
      return new Row(new Cleaned.Dropped(drop), null, null, new byte[0]);
    }

    static Row judged(Cleaned.Kept kept, JudgedAnswer answer) {
      var marked = answer.conversation();
      return new Row(
          new Cleaned.Kept(marked, kept.changes()), null, answer, ConversationJson.write(marked));
    }
  }

  private static final class Counts {
    final LogFile file;
    final String sha256;
    final boolean validation;
    final List<String> reasons = new ArrayList<>();
    long read;
    long joined;
    long broken;

    Counts(LogFile file, String sha256, boolean validation) {
      this.file = file;
      this.sha256 = sha256;
      this.validation = validation;
    }
  }

  /**
   * @param divided how many of the files, from the first, the recipe divides; the others are for
   *     validation
   * @param preferences to be filled where the dataset is one of preferences, else null
   */
  ReadPart(
      List<LogFile> files,
      List<String> hashes,
      int divided,
      DatasetRecipe recipe,
      Spool spool,
      Tally tally,
      @Nullable PreferenceRows preferences,
      ExecutorService threads,
      int ahead) {
    this.recipe = recipe;
    this.cleaner = recipe.cleaner();
    this.spool = spool;
    this.tally = tally;
    this.preferences = preferences;
    for (int i = 0; i < files.size(); i++) {
      counts.add(new Counts(files.get(i), hashes.get(i), i >= divided));
    }
    this.batches = new InOrder<>(threads, ahead, this::draw, this::prepare);
  }

  long conversations() {
    return conversations;
  }

  List<Source> sources() {
    return counts.stream()
        .map(
            c ->
                new Source(
                    c.file.path().toString(),
                    c.file.format().wire(),
                    c.sha256,
                    c.file.path().toFile().length(),
                    c.read,
                    c.joined,
                    c.broken,
                    c.reasons))
        .toList();
  }

  /** Reads on; false at the end of the last log. */
  boolean more() {
    var prepared = batches.next();
    if (prepared == null) {
      for (var c : counts) {
        try (var again = c.file.open()) {
          again.requireReadable(
              c.read + c.joined, c.broken, c.reasons.isEmpty() ? "" : c.reasons.getFirst());
        }
      }
      spool.seal();
      dropContradictory();
      return false;
    }
    prepared.forEach(this::judge);
    return true;
  }

  private @Nullable Batch draw() {
    while (true) {
      if (reader == null) {
        if (next == counts.size()) {
          return null;
        }
        reader = counts.get(next++).file.open();
      }
      var items = new ArrayList<Item>(BATCH);
      while (items.size() < BATCH) {
        var item = reader.nextItem();
        if (item == null) {
          break;
        }
        items.add(item);
      }
      var open = reader;
      if (items.size() < BATCH) {
        reader.close();
        reader = null;
      }
      if (!items.isEmpty()) {
        return new Batch(next - 1, open, items);
      }
    }
  }

  private List<Prepared> prepare(Batch batch) {
    var prepared = new ArrayList<Prepared>(batch.items().size());
    for (var item : batch.items()) {
      var entry = batch.reader().parse(item);
      var rows =
          switch (entry) {
            case LogEntry.Read read -> List.of(row(read.conversation()));
            case LogEntry.Compared both -> rows(both);
            case LogEntry.Broken broken -> List.<Row>of();
            case LogEntry.Joined joined -> List.<Row>of();
          };
      prepared.add(new Prepared(batch.file(), entry, rows));
    }
    return prepared;
  }

  private Row row(Conversation conversation) {
    return preferences == null ? chat(conversation) : rated(conversation);
  }

  private List<Row> rows(LogEntry.Compared both) {
    return preferences == null
        ? List.of(
            chat(both.chosen()),
            Row.dropped(both.rejected(), NOT_PREFERRED, "another answer was preferred to it"))
        : compared(both.chosen(), both.rejected());
  }

  private Row chat(Conversation conversation) {
    var cleaned = cleaner.clean(conversation);
    if (!(cleaned instanceof Cleaned.Kept kept)) {
      return new Row(cleaned, null, null, new byte[0]);
    }
    var print =
        switch (recipe.dedupe()) {
          case NEAR -> Fingerprint.of(kept.conversation(), true);
          case EXACT -> Fingerprint.of(kept.conversation(), false);
          case OFF -> null;
        };
    return new Row(kept, print, null, ConversationJson.write(kept.conversation()));
  }

  private Row rated(Conversation conversation) {
    return switch (cleaner.clean(conversation)) {
      case Cleaned.Dropped dropped -> Row.dropped(dropped.drop());
      case Cleaned.Kept kept ->
          JudgedAnswer.last(kept.conversation())
              .map(answer -> Row.judged(kept, answer))
              .orElseGet(
                  () -> Row.dropped(conversation, NO_ANSWER, "its last turn answers nothing"));
    };
  }

  private List<Row> compared(Conversation chosen, Conversation rejected) {
    var good = cleaner.clean(chosen);
    var bad = cleaner.clean(rejected);
    if (good instanceof Cleaned.Kept first && bad instanceof Cleaned.Kept second) {
      return ComparedAnswers.of(first.conversation(), second.conversation())
          .map(c -> List.of(Row.judged(first, c.chosen()), Row.judged(second, c.rejected())))
          .orElseGet(
              () -> {
                var why = "chosen and rejected are the same, or do not answer the same turns";
                return List.of(
                    Row.dropped(chosen, NO_ANSWER, why), Row.dropped(rejected, NO_ANSWER, why));
              });
    }
    return List.of(droppedWith(good, bad, chosen), droppedWith(bad, good, rejected));
  }

  private static Row droppedWith(Cleaned own, Cleaned other, Conversation conversation) {
    if (own instanceof Cleaned.Dropped dropped) {
      return Row.dropped(dropped.drop());
    }
    var rule = other instanceof Cleaned.Dropped dropped ? dropped.drop().rule() : "";
    return Row.dropped(
        conversation, NO_COUNTERPART, "what it was compared with was dropped by " + rule);
  }

  private void judge(Prepared prepared) {
    var source = counts.get(prepared.file());
    switch (prepared.entry()) {
      case LogEntry.Broken broken -> {
        if (source.broken++ < REASONS) {
          source.reasons.add("line " + broken.line() + ": " + broken.reason());
        }
      }
      case LogEntry.Joined joined -> source.joined++;
      case LogEntry.Read read -> {
        for (int number : take(source, prepared.rows())) {
          if (preferences != null) {
            preferences.rate(number);
          }
        }
      }
      case LogEntry.Compared both -> {
        var numbers = take(source, prepared.rows());
        if (preferences != null && numbers.size() == 2) {
          preferences.compare(numbers.getFirst(), numbers.getLast());
        }
      }
    }
  }

  /** Where in the spool the rows are now, those left out that were dropped for good. */
  private List<Integer> take(Counts source, List<Row> rows) {
    var numbers = new ArrayList<Integer>(rows.size());
    for (var row : rows) {
      source.read++;
      conversations++;
      switch (row.cleaned()) {
        case Cleaned.Dropped dropped -> tally.drop(dropped.drop());
        case Cleaned.Kept kept -> {
          var number = keep(source, kept, row);
          if (number != null) {
            numbers.add(number);
          }
        }
      }
    }
    return numbers;
  }

  private @Nullable Integer keep(Counts source, Cleaned.Kept kept, Row row) {
    var conversation = kept.conversation();
    if (preferences != null && row.answer() != null) {
      var known =
          recipe.dedupe() == DatasetRecipe.Dedupe.OFF
              ? null
              : preferences.find(row.answer(), liked(conversation));
      if (known != null) {
        tally.drop(
            Drop.of(
                conversation, Duplicates.EXACT_RULE, "the same answer was judged alike before"));
        return known;
      }
      preferences.add(spool.size(), row.answer(), liked(conversation));
    }
    if (row.print() != null) {
      var drop = duplicates.check(conversation, row.print());
      if (drop.isPresent()) {
        tally.drop(drop.get());
        return null;
      }
    }
    Tally.add(tally.changes, kept.changes());
    var split = source.validation ? Split.VALIDATION : Split.of(conversation, recipe);
    if (ids.add(conversation.id())) {
      spool.add(row.json(), split);
    } else {
      spool.add(ConversationJson.write(renamed(conversation)), split);
    }
    return spool.size() - 1;
  }

  private static boolean liked(Conversation conversation) {
    return conversation.feedback() != null && conversation.feedback() > 0.5;
  }

  /** A sealed spool can be read: what contradicts itself is taken out, and said. */
  private void dropContradictory() {
    if (preferences == null) {
      return;
    }
    for (int number : preferences.contradictory()) {
      var conversation = ConversationJson.read(spool.line(number));
      tally.drop(
          Drop.of(conversation, CONTRADICTORY, "the same answer was both liked and disliked"));
      spool.drop(number);
    }
  }

  /** Two logs may number their conversations alike; the later one's name then tells its origin. */
  private Conversation renamed(Conversation c) {
    var id = c.id() + "~" + c.origin().file() + ":" + c.origin().line();
    for (int i = 2; !ids.add(id); i++) {
      id = c.id() + "~" + c.origin().file() + ":" + c.origin().line() + "~" + i;
    }
    return new Conversation(
        id, c.messages(), c.tools(), c.user(), c.feedback(), c.origin(), c.metadata());
  }

  @Override
  public void close() {
    if (reader != null) {
      reader.close();
    }
  }
}
