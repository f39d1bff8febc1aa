package dev.lathe.app.doctor;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Whether the native libraries load. A library that does not fit can end its process, so each is
 * loaded in a JVM of its own.
 */
final class Natives {
  /** The first load unpacks several hundred megabytes. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  Finding torch() {
    return probe(
        "libtorch",
        "torch",
        "PyTorch's library comes as a Maven artifact for Linux on x86-64 with glibc 2.28 or newer and"
            + " libgomp; see that it is not an Alpine image.");
  }

  Finding tokenizers() {
    return probe("tokenizers", "tokenizers", "It wants Linux with glibc, macOS or Windows.");
  }

  private static Finding probe(String name, String library, String remedy) {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var output =
        Output.of(
            PATIENCE,
            java,
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-Dai.djl.offline=true",
            "-cp",
            System.getProperty("java.class.path"),
            NativeProbe.class.getName(),
            library);
    if (output.isEmpty()) {
      return Finding.missing(name, "did not load in " + PATIENCE.toSeconds() + " s", remedy);
    }
    var lines = output.get().text().strip().lines().toList();
    var last = lines.isEmpty() ? "" : lines.getLast();
    return output.get().status() == 0
        ? Finding.good(name, last)
        : Finding.missing(
            name, "does not load (status " + output.get().status() + "): " + last, remedy);
  }
}
