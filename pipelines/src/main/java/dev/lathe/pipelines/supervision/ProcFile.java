package dev.lathe.pipelines.supervision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files in which a Linux kernel tells numbers by name, one a line ("VmRSS: 12 kB"). */
final class ProcFile {
  private ProcFile() {}

  /** The number behind a name at a line's beginning; 0 when there is none. */
  static long number(Path file, String name) {
    return text(file)
        .lines()
        .filter(l -> l.startsWith(name))
        .map(l -> l.substring(name.length()).replace("kB", "").strip())
        .filter(n -> n.matches("\\d{1,18}"))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }

  /** Empty when the file is not there: its process has ended, or the system has no such file. */
  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
