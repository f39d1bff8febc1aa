package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.engine.device.Cores;
import dev.lathe.pipelines.supervision.RunCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * How many threads a run takes that asks for none: where two share a core, as many as there are
 * threads or as there are cores, whichever was faster when it was first asked on this processor. It
 * is written down, because a resumed run must have the same number.
 *
 * @param cores what it was measured on
 * @param threads the faster number
 * @param seconds what each one took
 */
record ThreadChoice(Cores cores, int threads, Map<Integer, Double> seconds) {
  private static final String FILE = "threads.json";

  /** By how much fewer threads have to be faster. */
  private static final double GAIN = 0.97;

  static int of(Path home) {
    return of(home, Cores.here(), ThreadChoice::measured);
  }

  /**
   * @param trial seconds with so many threads; empty when it failed
   */
  static int of(Path home, Cores cores, IntFunction<OptionalDouble> trial) {
    var candidates = cores.candidates();
    int usual = candidates.getFirst();
    if (candidates.size() == 1) {
      return usual;
    }
    var file = home.resolve(FILE);
    var known = read(file);
    if (known != null && known.cores.equals(cores)) {
      return known.threads;
    }
    var seconds = new TreeMap<Integer, Double>();
    for (int threads : candidates) {
      var found = trial.apply(threads);
      if (found.isEmpty()) {
        return usual; // to be tried again another time
      }
      seconds.put(threads, found.getAsDouble());
    }
    double least = GAIN * Objects.requireNonNull(seconds.get(usual));
    int best = usual;
    for (var entry : seconds.entrySet()) {
      if (entry.getValue() < least) {
        least = entry.getValue();
        best = entry.getKey();
      }
    }
    Durable.write(file, WorkerIo.JSON.writeValueAsBytes(new ThreadChoice(cores, best, seconds)));
    return best;
  }

  private static @Nullable ThreadChoice read(Path file) {
    try {
      return Files.exists(file)
          ? WorkerIo.JSON.readValue(Files.readAllBytes(file), ThreadChoice.class)
          : null;
    } catch (IOException | JacksonException e) {
      return null; // measured again
    }
  }

  /** In a process of its own: PyTorch's number of threads is fixed when it is loaded. */
  private static OptionalDouble measured(int threads) {
    var line = new ArrayList<>(RunCommand.of(ThreadsMain.class.getName()).java());
    line.add(Integer.toString(threads));
    try {
      var process = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      process.getOutputStream().close();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        return OptionalDouble.empty();
      }
      return said.lines()
          .filter(l -> l.startsWith(ThreadsMain.SECONDS))
          .mapToDouble(l -> Double.parseDouble(l.substring(ThreadsMain.SECONDS.length())))
          .findFirst();
    } catch (IOException e) {
      return OptionalDouble.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return OptionalDouble.empty();
    }
  }
}
