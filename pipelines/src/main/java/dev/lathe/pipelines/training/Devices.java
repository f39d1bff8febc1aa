package dev.lathe.pipelines.training;

import dev.lathe.engine.device.ComputeDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a run computes: one process for each device, of which the first is the run's own and the
 * others are its {@link Replicas}. Several times {@code cpu} divides the processor's threads.
 *
 * @param names {@code auto} alone, or {@code cpu} and {@code cuda:N}
 * @param threads of the processor together; 0 for one a core
 */
record Devices(List<String> names, int threads) {
  static Devices of(Recipe recipe) {
    return of(recipe.device(), recipe.threads());
  }

  private static Devices of(String device, int threads) {
    var names =
        List.of(device.toLowerCase(Locale.ROOT).split(",", -1)).stream()
            .map(String::strip)
            .toList();
    return new Devices(names, threads);
  }

  /** The same with a number of threads where the recipe leaves it open. */
  Devices measured(Path home) {
    boolean processor =
        names.contains("cpu") || names.contains("auto") && !Files.exists(Path.of("/dev/nvidia0"));
    return threads > 0 || !processor ? this : new Devices(names, ThreadChoice.of(home));
  }

  int count() {
    return names.size();
  }

  /**
   * What is told of where a run computes.
   *
   * @param own the device of this process, which {@code auto} may have found
   */
  String told(ComputeDevice own) {
    return count() == 1 ? own.name() : String.join(",", names);
  }

  /** The device of one of the processes, which must be this one. */
  ComputeDevice open(int rank) {
    var name = names.get(rank);
    if (count() == 1 || !name.equals("cpu")) {
      return ComputeDevice.open(name, threads);
    }
    int all = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    int sharing = (int) names.stream().filter("cpu"::equals).count();
    return ComputeDevice.open(name, Math.max(1, all / sharing));
  }

  /** Which share of so many micro-batches the busiest process computes. */
  double busiest(int microBatches) {
    return (double) Math.ceilDiv(microBatches, count()) / microBatches;
  }

  /** What is wrong with several devices in a recipe. */
  static Optional<String> contradiction(String device, int accumulate, @Nullable String large) {
    var devices = of(device, 0);
    if (devices.count() == 1) {
      return Optional.empty();
    }
    var graphics = devices.names.stream().filter(n -> n.startsWith("cuda")).toList();
    if (!devices.names.stream().allMatch(n -> n.matches("cpu|cuda:\\d+"))) {
      return Optional.of(
          "device: of several, each is cpu or cuda:N, not '%s'. Say cuda:0,cuda:1"
              .formatted(device));
    }
    if (new HashSet<>(graphics).size() < graphics.size()) {
      return Optional.of("device: '%s' names a GPU twice. Name each once".formatted(device));
    }
    if (large != null) {
      return Optional.of(
          "device: %s learns on one device, since only the gradients of adapters are small enough to be sent about at every step. Name one, or train an adapter alone"
              .formatted(large));
    }
    if (accumulate < devices.count()) {
      return Optional.of(
          "accumulate: %d devices share the micro-batches of a step, of which there are %d. Set it to a multiple of %d"
              .formatted(devices.count(), accumulate, devices.count()));
    }
    return Optional.empty();
  }
}
