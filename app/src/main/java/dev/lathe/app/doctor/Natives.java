package dev.lathe.app.doctor;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

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

  /** How many CUDA devices PyTorch sees: none when it was built for the processor. */
  int cudaDevices() {
    return load("cuda")
        .filter(o -> o.status() == 0)
        .flatMap(
            o -> o.text().lines().map(String::strip).filter(l -> l.matches("\\d{1,4}")).findFirst())
        .map(Integer::parseInt)
        .orElse(0);
  }

  private static Finding probe(String name, String library, String remedy) {
    var output = load(library);
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

  private static Optional<Output> load(String library) {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return Output.of(
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
  }
}
