package dev.lathe.serving.providers.llama;

import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.providers.llama.EngineProcess.Ready;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One model's process over time: started when it is claimed, replaced when it died. */
final class Engine {
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final LocalModel model;
  private final EngineSettings settings;
  private final Starter starter;

  /** Held while a process is being started, so that claims wait for it. */
  private final ReentrantLock starting = new ReentrantLock();

  private @Nullable EngineProcess process;
  private int claims;
  private int deaths;
  private int quickDeaths;
  private long restUntil;
  private String reason = "";
  private boolean retired;
  private @Nullable EngineProcess suspect;
  private volatile long lastUsed = System.nanoTime();

  /** Starts a process for a model. */
  @FunctionalInterface
  interface Starter {
    EngineProcess start(LocalModel model);
  }

  Engine(LocalModel model, EngineSettings settings, Starter starter) {
    this.model = model;
    this.settings = settings;
    this.starter = starter;
  }

  LocalModel model() {
    return model;
  }

  /**
   * Claims a living process.
   *
   * @return null where this engine was retired meanwhile: the caller takes its successor
   */
  @Nullable EngineProcess claim() {
    starting.lock();
    try {
      synchronized (this) {
        if (retired) {
          return null;
        }
        // Counted before the start: it is not to be unloaded meanwhile.
        claims++;
      }
      try {
        return living();
      } catch (RuntimeException e) {
        release();
        throw e;
      }
    } finally {
      starting.unlock();
    }
  }

  private EngineProcess living() {
    examine();
    while (true) {
      var current = current();
      if (current != null) {
        return current;
      }
      pause();
      var fresh = starter.start(model);
      synchronized (this) {
        process = fresh;
      }
      try {
        fresh.awaitReady(settings.start());
      } catch (EngineUnavailable e) {
        fresh.end();
        died(fresh, String.valueOf(e.getMessage()));
        continue;
      } catch (RuntimeException e) {
        fresh.end();
        synchronized (this) {
          process = null;
        }
        throw e;
      }
      fresh.onExit(
          () -> {
            if (!fresh.ended()) {
              died(fresh, fresh.death());
            }
          });
    }
  }

  /** The process, where it lives and is ready. */
  private synchronized @Nullable EngineProcess current() {
    return process != null && process.alive() && process.ready() != null ? process : null;
  }

  /** A process that broke off is asked whether it is well; one that does not say so is ended. */
  private void examine() {
    EngineProcess examined;
    synchronized (this) {
      examined = suspect;
      suspect = null;
    }
    if (examined != null && examined == current() && !examined.healthy()) {
      examined.end();
      died(examined, "the engine process answers no more");
    }
  }

  /** Notes that a process broke off. */
  synchronized void suspect(EngineProcess broken) {
    if (process == broken) {
      suspect = broken;
    }
  }

  private synchronized void died(EngineProcess dead, String why) {
    if (process != dead) {
      return;
    }
    process = null;
    deaths++;
    reason = why;
    // One that dies while it loads died quickly, however long it took.
    boolean quick = dead.ready() == null || dead.lived().compareTo(settings.quick()) < 0;
    quickDeaths = quick ? quickDeaths + 1 : 0;
    if (quickDeaths >= settings.quickDeaths()) {
      restUntil = System.nanoTime() + settings.rest().toNanos();
    }
  }

  /** Waits a little after a quick death, and refuses for a while after too many. */
  private void pause() {
    Duration pause;
    synchronized (this) {
      var dead = process;
      if (dead != null && !dead.alive()) {
        died(dead, dead.death()); // its end is known here before its listener heard of it
      }
      if (quickDeaths >= settings.quickDeaths()) {
        if (System.nanoTime() - restUntil < 0) {
          throw new EngineUnavailable(
              "the engine for "
                  + model.id()
                  + " died "
                  + quickDeaths
                  + " times in a row and is left alone for a while: "
                  + reason);
        }
        quickDeaths--; // one more try
      }
      if (quickDeaths == 0) {
        return;
      }
      var doubled = settings.pause().multipliedBy(1L << Math.min(quickDeaths - 1, 10));
      pause = doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    }
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted", e);
    }
  }

  /** Gives a claim back. */
  synchronized void release() {
    claims--;
    lastUsed = System.nanoTime();
    if (retired && claims == 0) {
      end();
    }
  }

  /** Ends the process as soon as nobody claims it; it is never claimed again. */
  synchronized void retire() {
    retired = true;
    if (claims == 0) {
      end();
    }
  }

  /** Ends the process if nobody claims it; true where this engine is of no more use. */
  synchronized boolean retireIfIdle(Duration idle) {
    if (claims > 0 || System.nanoTime() - lastUsed < idle.toNanos()) {
      return false;
    }
    retire();
    return true;
  }

  /** Ends the process, claimed or not. */
  synchronized void end() {
    retired = true;
    var current = process;
    if (current != null) {
      current.end();
    }
  }

  synchronized boolean claimed() {
    return claims > 0;
  }

  long lastUsed() {
    return lastUsed;
  }

  /** For listings; null while there is no process that answers. */
  synchronized @Nullable LoadedEngine listed() {
    var current = current();
    Ready ready = current == null ? null : current.ready();
    return current == null || ready == null
        ? null
        : new LoadedEngine(
            model.id(),
            current.pid(),
            ready.port(),
            ready.at(),
            ready.threads().answering(),
            ready.threads().prompting(),
            ready.threads().tokensPerSecond(),
            claims,
            deaths);
  }
}
