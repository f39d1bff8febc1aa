package dev.lathe.pipelines.supervision;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * How much memory a new process can have, and how often the system has killed one for want of it:
 * the machine's own figures and those of the cgroup (v2 or v1) that this process is in, and of all
 * above it. Where there is no /proc nothing is known.
 */
public final class MemoryRoom {
  private static final long UNLIMITED = 1L << 60;

  private final Path proc;
  private final Path mount;

  public MemoryRoom() {
    this(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
  }

  MemoryRoom(Path proc, Path mount) {
    this.proc = proc;
    this.mount = mount;
  }

  /** Bytes that can be had without pushing anything out; empty where it cannot be known. */
  public OptionalLong available() {
    long least = ProcFile.number(proc.resolve("meminfo"), "MemAvailable:") * 1024;
    if (least == 0) {
      return OptionalLong.empty();
    }
    for (var group : groups()) {
      long limit =
          number(group.folder().resolve(group.v2() ? "memory.max" : "memory.limit_in_bytes"));
      long used =
          number(group.folder().resolve(group.v2() ? "memory.current" : "memory.usage_in_bytes"));
      // Pages of files are given up when memory is wanted.
      long files =
          ProcFile.number(
              group.folder().resolve("memory.stat"),
              group.v2() ? "inactive_file " : "total_inactive_file ");
      if (limit > 0 && limit < UNLIMITED) {
        least = Math.min(least, limit - Math.max(0, used - files));
      }
    }
    return OptionalLong.of(Math.max(0, least));
  }

  /** Processes of this cgroup, and those above it, that were killed for want of memory so far. */
  public long kills() {
    long most = 0;
    for (var group : groups()) {
      var file = group.folder().resolve(group.v2() ? "memory.events" : "memory.oom_control");
      most = Math.max(most, ProcFile.number(file, "oom_kill "));
    }
    return most;
  }

  private record Group(Path folder, boolean v2) {}

  /** This process's cgroup and those above it; within a container the path may not be mounted. */
  private List<Group> groups() {
    var groups = new ArrayList<Group>();
    for (var line : ProcFile.text(proc.resolve("self/cgroup")).lines().toList()) {
      var parts = line.split(":", 3);
      boolean v2 = parts.length == 3 && parts[0].equals("0");
      if (parts.length < 3 || !(v2 || List.of(parts[1].split(",")).contains("memory"))) {
        continue;
      }
      var root = v2 ? mount : mount.resolve("memory");
      var path = root.resolve(parts[2].replaceFirst("^/+", "")).normalize();
      for (Path at = path; at != null && at.startsWith(root); at = at.getParent()) {
        if (Files.isDirectory(at)) {
          groups.add(new Group(at, v2));
        }
      }
    }
    return groups;
  }

  private static long number(Path file) {
    var text = ProcFile.text(file).strip();
    return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
  }
}
