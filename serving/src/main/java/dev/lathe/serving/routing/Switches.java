package dev.lathe.serving.routing;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.routing.strategy.Strategy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * What was switched while the server ran. It outlasts the server: whoever was told that a strategy
 * holds finds it after a crash as well.
 */
public final class Switches {
  private static final Logger log = LoggerFactory.getLogger(Switches.class);

  private final @Nullable Path file;
  private volatile State state;

  private record State(@Nullable Strategy strategy, boolean fallback) {}

  /**
   * @param file where switches are kept; null for only as long as this process lives
   */
  public Switches(@Nullable Path file) {
    this.file = file;
    this.state = file != null && Files.exists(file) ? read(file) : new State(null, true);
  }

  private static State read(Path file) {
    try {
      var read = JsonFile.read(file);
      var strategy = Strategy.of(read.path("strategy").asString("")).orElse(null);
      return new State(strategy, read.path("fallback").asBoolean(true));
    } catch (BadInput e) {
      log.warn("what was switched is lost: {}", e.getMessage());
      return new State(null, true);
    }
  }

  /** In place of the configured strategy, if it was switched. */
  public Optional<Strategy> strategy() {
    return Optional.ofNullable(state.strategy());
  }

  /** Whether another target is asked when the first does not answer. */
  public boolean fallback() {
    return state.fallback();
  }

  /**
   * @param strategy null for the configured one
   */
  public synchronized void strategy(@Nullable Strategy strategy) {
    keep(new State(strategy, state.fallback()));
  }

  public synchronized void fallback(boolean active) {
    keep(new State(state.strategy(), active));
  }

  /** First to the disk: what is acknowledged is not lost. */
  private void keep(State next) {
    if (file != null) {
      var kept = new LinkedHashMap<String, Object>();
      var strategy = next.strategy();
      if (strategy != null) {
        kept.put("strategy", strategy.wire());
      }
      kept.put("fallback", next.fallback());
      Durable.write(file, JsonMapper.shared().writeValueAsBytes(kept));
    }
    state = next;
  }
}
