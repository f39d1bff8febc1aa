package dev.lathe.app.api;

import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.supervision.JournalPosition;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.JournalTail;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import dev.lathe.registry.runs.RunView;
import jakarta.annotation.PreDestroy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.springframework.stereotype.Component;

/**
 * What changed since somebody last looked. The database is asked, not listened to, so that it does
 * not matter which of several servers changed it.
 */
@Component
class Changes {
  /** A transaction may be stamped earlier than one that was seen before it. */
  private static final Duration OVERLAP = Duration.ofSeconds(5);

  private static final int LOOKS_A_TOPIC = 4;

  private final Finetunes finetunes;
  private final RunRegistry registry;
  private final RunImport imports;
  private final List<Topic> topics;
  private final Clock clock = Clock.systemUTC();
  private volatile boolean ended;

  Changes(Finetunes finetunes, RunRegistry registry, RunImport imports, List<Topic> topics) {
    this.finetunes = finetunes;
    this.registry = registry;
    this.imports = imports;
    this.topics = List.copyOf(topics);
  }

  /**
   * Something a page shows that is no run.
   *
   * @param mark asks for a word that differs whenever the topic has changed
   */
  record Topic(String name, Supplier<String> mark) {}

  /** For one thread; sees what changes from now on. */
  Reader reader() {
    return new Reader();
  }

  /** Readers end before what they read from is closed. */
  @PreDestroy
  void close() {
    ended = true;
  }

  final class Reader implements AutoCloseable {
    private final Map<String, RunView> told = new HashMap<>();
    private final Map<String, JournalTail> tails = new HashMap<>();
    private final Map<String, String> marks = new HashMap<>();
    private Instant since = clock.instant();
    private int looks;

    private Reader() {
      for (var run : registry.list()) {
        told.put(run.id(), run);
        follow(run);
      }
      topics.forEach(t -> marks.put(t.name(), t.mark().get()));
    }

    boolean open() {
      return !ended;
    }

    /** The runs that changed. */
    List<RunView> runs() {
      var now = clock.instant();
      var changed = new ArrayList<RunView>();
      for (var run : registry.changedSince(since.minus(OVERLAP))) {
        if (!run.equals(told.put(run.id(), run))) {
          changed.add(run);
          follow(run);
        }
      }
      since = now;
      return changed;
    }

    /** Hands over what the journals of living runs have got since. */
    void records(int most, BiConsumer<String, List<JournalRecord>> to) {
      for (var tail : List.copyOf(tails.entrySet())) {
        var records = tail.getValue().poll(most);
        if (!records.isEmpty()) {
          to.accept(tail.getKey(), records);
        } else if (Objects.requireNonNull(told.get(tail.getKey())).state() != RunState.RUNNING) {
          tails.remove(tail.getKey());
        }
      }
    }

    /** The names of the topics that changed; they are asked about once a second. */
    List<String> topics() {
      var changed = new ArrayList<String>();
      if (++looks % LOOKS_A_TOPIC == 0) {
        for (var topic : topics) {
          var mark = topic.mark().get();
          if (!mark.equals(marks.put(topic.name(), mark))) {
            changed.add(topic.name());
          }
        }
      }
      return changed;
    }

    /** From where the registry's curves end, so that nothing lies between them and the records. */
    private void follow(RunView run) {
      if (run.state() != RunState.RUNNING || tails.containsKey(run.id())) {
        return;
      }
      var imported = imports.imported(run.id());
      var position =
          imported == null ? JournalPosition.START : JournalPosition.parse(imported.position());
      tails.put(run.id(), new JournalTail(finetunes.find(run.id()).journal(), position));
    }

    @Override
    public void close() {
      tails.clear();
    }
  }
}
