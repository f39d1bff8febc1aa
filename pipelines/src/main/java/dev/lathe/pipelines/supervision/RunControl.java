package dev.lathe.pipelines.supervision;

import dev.lathe.checkpoints.files.Durable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a run process is asked from outside: two empty files, looked at between two steps. */
public final class RunControl {
  private final Path stop;
  private final Path pause;

  RunControl(Path directory) {
    this.stop = directory.resolve("stop");
    this.pause = directory.resolve("pause");
  }

  /** Asks the run to write a checkpoint at the next step's end and to end as stopped. */
  public void requestStop() {
    Durable.write(stop, "");
  }

  /** The same, to end as paused. */
  public void requestPause() {
    Durable.write(pause, "");
  }

  public boolean stopRequested() {
    return Files.exists(stop);
  }

  public boolean pauseRequested() {
    return Files.exists(pause);
  }

  /** Forgets both requests: done, or meant for an earlier process. */
  public void clear() {
    try {
      Files.deleteIfExists(stop);
      Files.deleteIfExists(pause);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot clear the run's requests", e);
    }
  }
}
