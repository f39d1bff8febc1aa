package dev.lathe.app.owner;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The application in a process of its own, as the launcher starts it. */
public record OwnerProcess(Process process) implements AutoCloseable {
  public static OwnerProcess start(Path home, String... arguments) throws IOException {
    return start(home, Map.of(), arguments);
  }

  /**
   * @param environment beside this process's
   */
  public static OwnerProcess start(Path home, Map<String, String> environment, String... arguments)
      throws IOException {
    var builder = new ProcessBuilder(command(arguments));
    builder.environment().putAll(environment);
    builder.environment().put("LATHE_HOME", home.toString());
    return new OwnerProcess(builder.start());
  }

  /** What starts it. */
  public static List<String> command(String... arguments) {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.lathe.app.Main"));
    command.addAll(List.of(arguments));
    return command;
  }

  /** An owner that says it serves. */
  static OwnerProcess serving(Path home) throws IOException {
    return serving(home, Map.of());
  }

  static OwnerProcess serving(Path home, Map<String, String> environment) throws IOException {
    var started = start(home, environment, "serve", "--port", "0");
    started.process.inputReader().readLine();
    return started;
  }

  /** As {@code kill -9} does, and waits until it is gone. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
