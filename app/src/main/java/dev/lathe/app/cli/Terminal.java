package dev.lathe.app.cli;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a command writes: results on {@code out}, progress and errors on {@code err}.
 *
 * @param live whether {@code err} is a terminal, so that progress may redraw a line
 * @param colour whether {@code out} is a terminal whose user did not set {@code NO_COLOR}
 * @param columns width of the terminal
 */
public record Terminal(
    PrintStream out, PrintStream err, boolean live, boolean colour, int columns) {
  /** The launcher tells what is a terminal, for the JVM can ask only of both streams at once. */
  public static Terminal ofThisProcess(Map<String, String> environment) {
    boolean dumb = "dumb".equals(environment.get("TERM"));
    var noColour = environment.get("NO_COLOR");
    return new Terminal(
        new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, UTF8),
        new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.err), true, UTF8),
        Boolean.getBoolean("lathe.stderr.tty") && !dumb,
        Boolean.getBoolean("lathe.stdout.tty") && !dumb && (noColour == null || noColour.isEmpty()),
        Math.max(40, Integer.getInteger("lathe.columns", 80)));
  }

  private static final java.nio.charset.Charset UTF8 = StandardCharsets.UTF_8;

  /** Text in an ANSI style such as {@code 32} (green) or {@code 1;31}, where colour is wanted. */
  public String styled(String style, String text) {
    return colour ? "\033[" + style + "m" + text + "\033[0m" : text;
  }
}
