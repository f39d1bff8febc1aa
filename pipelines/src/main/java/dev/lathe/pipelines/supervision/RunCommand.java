package dev.lathe.pipelines.supervision;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a run process is started.
 *
 * @param java the command line up to and with the main class; the run's directory follows it
 * @param environment added to this process's where it does not say otherwise itself
 */
public record RunCommand(List<String> java, Map<String, String> environment) {
  private static final String MAIN = "dev.lathe.pipelines.training.RunMain";

  /**
   * The allocator keeps large blocks, from huge pages: a tenth to a third of training speed. One
   * arena: those of further threads are made of 64 MiB pieces, and tensors leave gaps in every one.
   *
   * <p>Threads wait for each other for some 200 microseconds before they sleep, not libgomp's 5
   * milliseconds: beside any other busy process those cost nearly everything; and not less, since
   * to be woken costs a tenth of the speed where a machine is slow at it (docs/performance.md).
   */
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1",
          "MALLOC_ARENA_MAX", "1",
          "GOMP_SPINCOUNT", "10000",
          "MALLOC_MMAP_THRESHOLD_", "8589934592",
          "MALLOC_TRIM_THRESHOLD_", "8589934592");

  public RunCommand {
    java = List.copyOf(java);
    environment = Map.copyOf(environment);
  }

  /** The product's run process, on this process's JDK and class path. */
  public static RunCommand product() {
    return of(MAIN);
  }

  /** Another main class, on this process's JDK and class path. */
  public static RunCommand of(String main) {
    return of(main, System.getProperty("java.class.path"));
  }

  /**
   * @param classPath relative entries are this process's; the run process starts elsewhere
   */
  public static RunCommand of(String main, String classPath) {
    var line = new ArrayList<String>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Tensors live outside the heap; what is left for it is small.
    line.add("-Xmx" + System.getenv().getOrDefault("LATHE_RUN_HEAP", "512m"));
    line.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dai.djl.pytorch.graph_optimizer=false",
            "-Dai.djl.offline=true",
            "-Dfile.encoding=UTF-8"));
    line.addAll(List.of("-cp", absolute(classPath), main));
    return new RunCommand(line, ENVIRONMENT);
  }

  /**
   * The whole line. A terminal's Ctrl-C reaches every process started from it: here it is ignored,
   * which a JVM honours, so that only {@code control/stop} ends a run between two steps.
   */
  List<String> line(RunDirectory run, List<String> arguments) {
    var line = new ArrayList<String>();
    if (Files.isExecutable(Path.of("/bin/sh"))) {
      line.addAll(List.of("/bin/sh", "-c", "trap '' INT HUP QUIT; exec \"$@\"", "sh"));
    }
    line.add(java.getFirst());
    line.add("-XX:ErrorFile=" + run.path().resolve("crash.log"));
    line.addAll(java.subList(1, java.size()));
    line.add(run.path().toString());
    line.addAll(arguments);
    return line;
  }

  private static String absolute(String classPath) {
    var entries = new ArrayList<String>();
    for (var entry : classPath.split(File.pathSeparator)) {
      entries.add(entry.endsWith("*") ? entry : Path.of(entry).toAbsolutePath().toString());
    }
    return String.join(File.pathSeparator, entries);
  }
}
