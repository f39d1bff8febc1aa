package dev.lathe.engine.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * The processor as far as this process may use it.
 *
 * @param model its name and vector extensions
 * @param logical what the system runs at once
 * @param physical the cores behind them: fewer where each runs two threads
 */
public record Cores(String model, int logical, int physical) {
  /** What Linux says; elsewhere every one counts as a core. */
  public static Cores here() {
    int logical = Runtime.getRuntime().availableProcessors();
    try {
      var allowed = allowed(Files.readAllLines(Path.of("/proc/self/status")));
      int physical = distinct(Files.readAllLines(Path.of("/proc/cpuinfo")), allowed);
      // A container's quota is no set of cores: it may be less than those that it may run on.
      return new Cores(
          ComputeDevice.cpuModel(), logical, physical == 0 ? logical : Math.min(logical, physical));
    } catch (IOException | NumberFormatException e) {
      return new Cores(ComputeDevice.cpuModel(), logical, logical);
    }
  }

  /** Numbers of threads worth trying, the usual one first. */
  public List<Integer> candidates() {
    return physical < logical ? List.of(logical, physical) : List.of(logical);
  }

  /** The processors of {@code Cpus_allowed_list: 0-3,8}. */
  static HashSet<Integer> allowed(List<String> status) {
    var allowed = new HashSet<Integer>();
    for (var line : status) {
      if (line.startsWith("Cpus_allowed_list:")) {
        for (var range : line.substring(line.indexOf(':') + 1).strip().split(",")) {
          var ends = range.split("-");
          int last = Integer.parseInt(ends[ends.length - 1]);
          for (int cpu = Integer.parseInt(ends[0]); cpu <= last; cpu++) {
            allowed.add(cpu);
          }
        }
      }
    }
    return allowed;
  }

  /** How many cores of how many sockets the allowed processors are; 0 where it is not said. */
  static int distinct(List<String> cpuinfo, HashSet<Integer> allowed) {
    var cores = new HashSet<String>();
    var said = new HashMap<String, String>();
    for (var line : cpuinfo) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        count(said, allowed, cores);
        said.clear();
      } else {
        said.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
      }
    }
    count(said, allowed, cores);
    return cores.size();
  }

  private static void count(
      Map<String, String> said, HashSet<Integer> allowed, HashSet<String> cores) {
    var core = said.get("core id");
    var cpu = said.get("processor");
    if (core != null && cpu != null && allowed.contains(Integer.valueOf(cpu))) {
      cores.add(said.get("physical id") + "/" + core);
    }
  }
}
