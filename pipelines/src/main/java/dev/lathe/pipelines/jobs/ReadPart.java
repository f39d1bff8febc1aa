package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.cleaning.Cleaned;
import dev.lathe.datasets.cleaning.Cleaner;
import dev.lathe.datasets.cleaning.Duplicates;
import dev.lathe.datasets.cleaning.Fingerprint;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.logs.Item;
import dev.lathe.datasets.logs.LogEntry;
import dev.lathe.datasets.logs.LogFile;
import dev.lathe.datasets.logs.LogReader;
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

  private final DatasetRecipe recipe;
  private final Cleaner cleaner;
  private final Spool spool;
  private final Tally tally;
  private final InOrder<Batch, List<Prepared>> batches;
  private final Duplicates duplicates = new Duplicates();
  private final Set<String> ids = new HashSet<>();
  private final List<Counts> counts = new ArrayList<>();
  private int next;
  private @Nullable LogReader reader;
  private long conversations;

  private record Batch(int file, LogReader reader, List<Item> items) {}

  /** What became of one item, on its way from a worker to the one that judges duplicates. */
  private record Prepared(
      int file,
      LogEntry entry,
      @Nullable Cleaned cleaned,
      @Nullable Fingerprint print,
      byte[] json) {}

  private static final class Counts {
    final LogFile file;
    final String sha256;
    final List<String> reasons = new ArrayList<>();
    long read;
    long joined;
    long broken;

    Counts(LogFile file, String sha256) {
      this.file = file;
      this.sha256 = sha256;
    }
  }

  ReadPart(
      List<LogFile> files,
      List<String> hashes,
      DatasetRecipe recipe,
      Spool spool,
      Tally tally,
      ExecutorService threads,
      int ahead) {
    this.recipe = recipe;
    this.cleaner = recipe.cleaner();
    this.spool = spool;
    this.tally = tally;
    for (int i = 0; i < files.size(); i++) {
      counts.add(new Counts(files.get(i), hashes.get(i)));
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
      prepared.add(
          entry instanceof LogEntry.Read read
              ? clean(batch.file(), read)
              : new Prepared(batch.file(), entry, null, null, new byte[0]));
    }
    return prepared;
  }

  private Prepared clean(int file, LogEntry.Read read) {
    var cleaned = cleaner.clean(read.conversation());
    if (!(cleaned instanceof Cleaned.Kept kept)) {
      return new Prepared(file, read, cleaned, null, new byte[0]);
    }
    var print =
        switch (recipe.dedupe()) {
          case NEAR -> Fingerprint.of(kept.conversation(), true);
          case EXACT -> Fingerprint.of(kept.conversation(), false);
          case OFF -> null;
        };
    return new Prepared(file, read, cleaned, print, ConversationJson.write(kept.conversation()));
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
        source.read++;
        conversations++;
        switch (prepared.cleaned()) {
          case null -> throw new IllegalStateException("what was read is cleaned");
          case Cleaned.Dropped dropped -> tally.drop(dropped.drop());
          case Cleaned.Kept kept -> keep(kept, prepared);
        }
      }
    }
  }

  private void keep(Cleaned.Kept kept, Prepared prepared) {
    var conversation = kept.conversation();
    if (prepared.print() != null) {
      var drop = duplicates.check(conversation, prepared.print());
      if (drop.isPresent()) {
        tally.drop(drop.get());
        return;
      }
    }
    Tally.add(tally.changes, kept.changes());
    var split = Split.of(conversation, recipe);
    if (ids.add(conversation.id())) {
      spool.add(prepared.json(), split);
    } else {
      spool.add(ConversationJson.write(renamed(conversation)), split);
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
