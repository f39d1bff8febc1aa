package dev.lathe.pipelines.supervision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One process, told apart from any later one that is given its number.
 *
 * @param pid the operating system's number
 * @param startedAt epoch milliseconds of its start, as this machine's clock had it
 * @param mark on Linux the boot and the tick at which it started, which, unlike the time, no
 *     setting of the clock moves; null elsewhere, or when whoever wrote it down left it out
 */
public record ProcessIdentity(long pid, long startedAt, @Nullable String mark) {
  /** The start time is the boot time plus ticks, and the boot time moves with the clock. */
  private static final long CLOCK_TOLERANCE_MILLIS = 2_000;

  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

  public ProcessIdentity(long pid, long startedAt) {
    this(pid, startedAt, null);
  }

  public static ProcessIdentity current() {
    return of(ProcessHandle.current());
  }

  public static ProcessIdentity of(ProcessHandle process) {
    return new ProcessIdentity(
        process.pid(),
        process.info().startInstant().map(i -> i.toEpochMilli()).orElse(0L),
        mark(process.pid()));
  }

  /** Whether this very process still runs. A dead one that nobody has waited for does not. */
  public boolean alive() {
    var handle = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    if (handle.isEmpty() || zombie(pid)) {
      return false;
    }
    if (mark != null) {
      return Objects.equals(mark, mark(pid));
    }
    return handle
        .get()
        .info()
        .startInstant()
        .map(i -> Math.abs(i.toEpochMilli() - startedAt) <= CLOCK_TOLERANCE_MILLIS)
        .orElse(true);
  }

  private static boolean zombie(long pid) {
    var stat = stat(pid);
    return stat != null && (stat[0].equals("Z") || stat[0].equals("X"));
  }

  private static @Nullable String mark(long pid) {
    var stat = stat(pid);
    try {
      return stat == null ? null : Files.readString(BOOT).strip() + "/" + stat[19];
    } catch (IOException e) {
      return null;
    }
  }

  /** The fields of /proc/PID/stat from the state on; null without /proc or without the process. */
  private static String @Nullable [] stat(long pid) {
    try {
      var line = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      var fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
      return fields.length > 19 ? fields : null;
    } catch (IOException e) {
      return null;
    }
  }
}
