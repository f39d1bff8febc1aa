package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher in a house of its own, whose build is the class path of this test. */
class LauncherTest {
  @TempDir Path folder;
  private Path root;
  private Path tools;

  private record Ended(int status, String out, String err) {}

  @BeforeEach
  void house() throws IOException {
    root = Files.createDirectories(folder.resolve("a house, with spaces"));
    tools = Files.createDirectories(folder.resolve("tools"));
    Files.copy(repository().resolve("lathe"), root.resolve("lathe"));
    executable(root.resolve("lathe"));
    Files.createDirectories(root.resolve("app/src/main"));
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    Files.writeString(root.resolve("app/pom.xml"), "<project/>");
    Files.writeString(root.resolve("app/src/main/A.java"), "class A {}");
    var build = Files.createDirectories(root.resolve("target/launch/20260101-000000-1"));
    Files.writeString(build.resolve("jars"), root.resolve("pom.xml") + "\n");
    Files.writeString(
        build.resolve("options"),
        "-XX:TieredStopAtLevel=1\n-cp \"" + System.getProperty("java.class.path") + "\"\n");
    Files.writeString(
        build.resolve("sources"), "app/pom.xml\napp/src/main/A.java\nlathe\npom.xml\n");
    Files.writeString(root.resolve("target/launch/current"), "20260101-000000-1\n");
  }

  private static Path repository() {
    var here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("lathe")) ? here : here.resolve("..").normalize();
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void tool(String name, String script) throws IOException {
    Files.writeString(tools.resolve(name), "#!/bin/sh\n" + script + "\n");
    executable(tools.resolve(name));
  }

  private Ended run(Path launcher, Path workingFolder, String... arguments) throws Exception {
    var command = new java.util.ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    var out = folder.resolve("out.txt");
    var err = folder.resolve("err.txt");
    var builder =
        new ProcessBuilder(command)
            .directory(workingFolder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("PATH", tools + ":" + System.getenv("PATH"));
    builder.environment().put("LATHE_JAVA_HOME", System.getProperty("java.home"));
    var process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), text(out), text(err));
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  @Test
  void startsThroughASymbolicLinkFromAnyFolder() throws Exception {
    var link = Files.createSymbolicLink(folder.resolve("link"), root.resolve("lathe"));
    var ended = run(link, Path.of("/"), "--version");
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).isEqualTo("lathe 0.1.0\n");
    assertThat(ended.status()).isZero();
  }

  @Test
  void passesTheExitStatusOn() throws Exception {
    var ended = run(root.resolve("lathe"), root, "hepl");
    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.err()).contains("Did you mean 'help'?");
  }

  @Test
  void buildsWhenASourceChangedAndTellsWhyThatFailed() throws Exception {
    tool("mvn", "echo '[ERROR] A.java does not compile'; exit 1");
    // Later than the last build, by more than the clock of any file system is coarse.
    Files.setLastModifiedTime(
        root.resolve("app/src/main/A.java"),
        java.nio.file.attribute.FileTime.from(java.time.Instant.now().plusSeconds(5)));
    var ended = run(root.resolve("lathe"), root, "--version");
    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err())
        .contains("sources changed: building")
        .contains("[ERROR] A.java does not compile");
  }

  @Test
  void buildsWhenASourceIsGone() throws Exception {
    tool("mvn", "exit 1");
    Files.delete(root.resolve("app/src/main/A.java"));
    assertThat(run(root.resolve("lathe"), root, "--version").err()).contains("sources changed");
  }

  @Test
  void sumsTheTestReportsInItsLastLineAndFailsWithThem() throws Exception {
    tool(
        "mvn",
        """
        mkdir -p app/target/surefire-reports
        echo '<testsuite name="a" time="0.1" tests="5" errors="1" skipped="1" failures="1">' \
          >app/target/surefire-reports/TEST-a.xml
        echo '<testsuite name="b" time="0.1" tests="3" errors="0" skipped="0" failures="0">' \
          >app/target/surefire-reports/TEST-b.xml
        """);
    var ended = run(root.resolve("lathe"), root, "test");
    assertThat(ended.out().lines()).last().isEqualTo("5 passed, 2 failed, 1 skipped");
    assertThat(ended.status()).isEqualTo(1);
  }

  @Test
  void aBuildThatFailsIsNoSuccessThoughNoTestFailed() throws Exception {
    tool("mvn", "echo '[ERROR] A.java does not compile'; exit 1");
    var ended = run(root.resolve("lathe"), root, "test");
    assertThat(ended.out()).contains("[ERROR] A.java does not compile");
    assertThat(ended.out().lines()).last().isEqualTo("0 passed, 0 failed, 0 skipped");
    assertThat(ended.status()).isEqualTo(1);
  }
}
