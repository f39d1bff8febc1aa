package dev.lathe.app.doctor;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Java, processor, memory, disk and ports. */
final class Machine {
  private static final long GIB = 1L << 30;
  private static final Path CGROUP_LIMIT = Path.of("/sys/fs/cgroup/memory.max");
  private static final Path CGROUP_V1_LIMIT =
      Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes");

  private final Home home;

  Machine(Home home) {
    this.home = home;
  }

  Finding jdk() {
    var found = Runtime.version() + " in " + System.getProperty("java.home");
    return Runtime.version().feature() == 25
        ? Finding.good("jdk", found)
        : Finding.missing("jdk", found, "Install JDK 25: https://adoptium.net/installation");
  }

  Finding processor() {
    var wanted = Pattern.compile("\\b(avx2|avx512f|avx512_bf16|amx_bf16|sve|bf16)\\b");
    var has = new ArrayList<String>();
    text(Path.of("/proc/cpuinfo"))
        .flatMap(info -> info.lines().filter(l -> l.matches("(flags|Features)\\s*:.*")).findFirst())
        .ifPresent(flags -> wanted.matcher(flags).results().forEach(m -> has.add(m.group())));
    int cores = Runtime.getRuntime().availableProcessors();
    var found =
        cores
            + (cores == 1 ? " core, " : " cores, ")
            + System.getProperty("os.arch")
            + (has.isEmpty() ? "" : ", " + String.join(" ", has));
    var supported =
        "amd64".equals(System.getProperty("os.arch"))
            && System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    return supported
        ? Finding.good("processor", found)
        : Finding.missing(
            "processor",
            found + " on " + System.getProperty("os.name"),
            "This build carries PyTorch for Linux on x86-64 only: use such a machine or a container.");
  }

  Finding memory() {
    var info = text(Path.of("/proc/meminfo")).orElse("");
    long total = kibibytes(info, "MemTotal");
    long available = kibibytes(info, "MemAvailable");
    var limit = cgroupLimit();
    long usable = limit.isPresent() ? Math.min(available, limit.getAsLong()) : available;
    var found =
        gib(available)
            + " available of "
            + gib(total)
            + (limit.isPresent() && limit.getAsLong() < total
                ? ", limited to " + gib(limit.getAsLong()) + " by the cgroup"
                : "");
    return total == 0 || usable >= 4 * GIB
        ? Finding.good("memory", found)
        : Finding.warning(
            "memory",
            found,
            "Training the 135-million-parameter base wants about 3 GiB: end other programs, or use"
                + " '--base tiny'.");
  }

  Finding writable() {
    try {
      home.prepare();
      return Finding.good("home", home.folder() + " can be written");
    } catch (BadInput e) {
      return Finding.missing("home", e.what() + ": " + e.value(), e.remedy());
    }
  }

  Finding disk() {
    try {
      var there = home.folder();
      while (!Files.exists(there) && there.getParent() != null) {
        there = there.getParent();
      }
      long usable = Files.getFileStore(there).getUsableSpace();
      var found = gib(usable) + " free for " + home.folder();
      return usable >= 3 * GIB
          ? Finding.good("disk", found)
          : Finding.warning(
              "disk", found, "The demo wants about 1 GiB: free some, or move LATHE_HOME.");
    } catch (IOException e) {
      return Finding.warning("disk", String.valueOf(e.getMessage()), "Look at LATHE_HOME.");
    }
  }

  Finding loopback() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Finding.good("loopback", "a port on 127.0.0.1 can be had: " + socket.getLocalPort());
    } catch (IOException e) {
      return Finding.missing(
          "loopback",
          String.valueOf(e.getMessage()),
          "Commands speak to each other over 127.0.0.1: allow listening there.");
    }
  }

  Finding port() {
    try (var socket = new ServerSocket(8080, 1, InetAddress.getLoopbackAddress())) {
      return Finding.good("port", socket.getLocalPort() + " is free for 'serve --port 8080'");
    } catch (IOException e) {
      return Finding.warning(
          "port", "8080 is taken", "'./lathe serve' takes any free port; or give --port N.");
    }
  }

  private static OptionalLong cgroupLimit() {
    return text(CGROUP_LIMIT)
        .or(() -> text(CGROUP_V1_LIMIT))
        .map(String::strip)
        .filter(t -> t.matches("\\d{1,18}"))
        .map(t -> OptionalLong.of(Long.parseLong(t)))
        .orElse(OptionalLong.empty());
  }

  private static long kibibytes(String info, String key) {
    var m = Pattern.compile(key + ":\\s+(\\d+) kB").matcher(info);
    return m.find() ? Long.parseLong(m.group(1)) << 10 : 0;
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", (double) bytes / GIB);
  }

  private static Optional<String> text(Path file) {
    try {
      return Optional.of(Files.readString(file));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
