package dev.lathe.serving.routing;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which version answers for an alias now. When an alias moves, the version before goes on answering
 * until the engine of the new one is up; then all requests go there at once. So a promotion makes
 * nobody wait. An engine that does not come up is tried again, and {@link #moving} tells of it.
 */
public final class Standings implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Standings.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final LocalEngines engines;
  private final Map<String, Standing> standings = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  public Standings(LocalEngines engines) {
    this.engines = engines;
  }

  /**
   * An alias under way.
   *
   * @param problem why the engine of {@code to} is not up yet, if it failed
   */
  public record Moving(String alias, String from, String to, @Nullable String problem) {}

  /** One alias: what answers, and what will. */
  private static final class Standing {
    private volatile Target.Local answering;
    private volatile Target.@Nullable Local next;
    private volatile @Nullable String problem;

    Standing(Target.Local answering) {
      this.answering = answering;
    }
  }

  /** What answers while {@code wanted} is what the alias stands on. */
  Target.Local answering(Target.Local wanted) {
    var standing = standings.computeIfAbsent(key(wanted), k -> new Standing(wanted));
    var now = standing.answering;
    if (now.name().equals(wanted.name())) {
      if (standing.next != null) {
        cancel(standing, wanted); // it was taken back before the other one was up
      }
      return now;
    }
    begin(standing, wanted);
    return standing.answering;
  }

  /** Loads what an alias stands on now, so that its first request need not wait. */
  public void prepare(Target.Local wanted) {
    var standing = standings.get(key(wanted));
    if (standing != null) {
      answering(wanted);
    } else {
      Thread.ofVirtual().name("load " + wanted.name()).start(() -> load(wanted));
    }
  }

  /** Aliases whose new version is not up yet. */
  public List<Moving> moving() {
    var all = new TreeMap<String, Moving>();
    standings.forEach(
        (alias, s) -> {
          var next = s.next;
          if (next != null) {
            all.put(alias, new Moving(alias, s.answering.name(), next.name(), s.problem));
          }
        });
    return List.copyOf(all.values());
  }

  @Override
  public void close() {
    closed.set(true);
  }

  private void begin(Standing standing, Target.Local wanted) {
    synchronized (standing) {
      var next = standing.next;
      if (next != null && next.name().equals(wanted.name())) {
        return;
      }
      standing.next = wanted;
      standing.problem = null;
    }
    Thread.ofVirtual().name("load " + wanted.name()).start(() -> move(standing, wanted));
  }

  private static void cancel(Standing standing, Target.Local wanted) {
    synchronized (standing) {
      if (standing.answering.name().equals(wanted.name())) {
        standing.next = null;
        standing.problem = null;
      }
    }
  }

  private void move(Standing standing, Target.Local wanted) {
    var pause = FIRST_PAUSE;
    while (!closed.get() && standing.next == wanted) {
      var problem = load(wanted);
      synchronized (standing) {
        if (standing.next != wanted) {
          return; // the alias has moved on meanwhile
        }
        if (problem == null) {
          standing.answering = wanted;
          standing.next = null;
          standing.problem = null;
          return;
        }
        standing.problem = problem;
      }
      log.error("{} cannot answer for {} yet: {}", wanted.name(), key(wanted), problem);
      pause(pause);
      pause =
          pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0
              ? pause.multipliedBy(2)
              : LONGEST_PAUSE;
    }
  }

  /** Null when the engine is up. */
  private @Nullable String load(Target.Local wanted) {
    try (var lease = engines.lease(wanted.model())) {
      return lease.address() == null ? "the engine has no address" : null;
    } catch (EngineUnavailable | BadInput e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void pause(Duration pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String key(Target.Local target) {
    var version = target.version();
    return (version == null ? target.name() : version.name()) + "@" + target.alias();
  }
}
