package dev.lathe.pipelines.supervision;

import java.nio.file.Path;

/** Resident memory of a process and all below it, from /proc; zero where there is none. */
public final class ProcessMemory {
  private ProcessMemory() {}

  /** Now, of the whole tree; and at least what the kernel says the root once had. In KiB. */
  static long kib(ProcessHandle root) {
    long sum = field(root.pid(), "VmRSS:");
    for (var child : root.descendants().toList()) {
      sum += field(child.pid(), "VmRSS:");
    }
    return Math.max(sum, field(root.pid(), "VmHWM:"));
  }

  /** Now, of this process alone, in MiB. */
  public static long ownMib() {
    return field(ProcessHandle.current().pid(), "VmRSS:") / 1024;
  }

  /** The most that this process alone has had, in MiB. */
  public static long ownPeakMib() {
    return field(ProcessHandle.current().pid(), "VmHWM:") / 1024;
  }

  private static long field(long pid, String name) {
    return ProcFile.number(Path.of("/proc", Long.toString(pid), "status"), name);
  }
}
