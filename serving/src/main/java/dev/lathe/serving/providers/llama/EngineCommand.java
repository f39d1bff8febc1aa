package dev.lathe.serving.providers.llama;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/** How an engine process is started: on this process's JDK and class path, with few variables. */
final class EngineCommand {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Providers' keys and whatever else the owner knows stay with the owner. */
  private static final Set<String> PASSED_ON =
      Set.of(
          "PATH",
          "HOME",
          "LANG",
          "LC_ALL",
          "LC_CTYPE",
          "TZ",
          "TMPDIR",
          "LD_LIBRARY_PATH",
          "DYLD_LIBRARY_PATH",
          "DJL_CACHE_DIR");

  private EngineCommand() {}

  static Map<String, String> environment(Map<String, String> own) {
    var passed = new HashMap<>(own);
    passed.keySet().retainAll(PASSED_ON);
    // Threads wait for each other for some 20 microseconds before they sleep, not libgomp's 5
    // milliseconds: beside any other busy process two of them were five times slower than one.
    passed.put("GOMP_SPINCOUNT", "1000");
    return passed;
  }

  static List<String> line(EngineSpec spec, Path errorFile) {
    var line = new ArrayList<String>();
    if (Files.isExecutable(Path.of("/bin/sh"))) {
      // A terminal's Ctrl-C reaches every process started from it; the owner still needs this one
      // for the requests it finishes.
      line.addAll(List.of("/bin/sh", "-c", "trap '' INT HUP QUIT; exec \"$@\"", "sh"));
    }
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(
        List.of(
            "-XX:ErrorFile=" + errorFile,
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:MinHeapFreeRatio=10", // what loading took is given back after it
            "-XX:MaxHeapFreeRatio=30",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dai.djl.offline=true",
            "-Dfile.encoding=UTF-8"));
    line.addAll(
        List.of(
            "-cp",
            absolute(System.getProperty("java.class.path")),
            LlamaMain.class.getName(),
            JSON.writeValueAsString(spec)));
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
