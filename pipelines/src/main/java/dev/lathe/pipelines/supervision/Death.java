package dev.lathe.pipelines.supervision;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Tells of a run process that ended without a word: how, its last words, and the remedy. */
public final class Death {
  private static final int LAST_BYTES = 8_192;
  private static final int LAST_LINES = 12;

  /** PyTorch's log lines, "[W1121 19:24:33.7 File.h:74] …": they come with every run. */
  private static final Pattern LIBRARYS_WARNING = Pattern.compile("^\\[W\\d{4} ");

  private Death() {}

  /**
   * @param exitStatus as the operating system gave it; null when another process was the parent
   */
  public static String of(RunDirectory run, @Nullable Integer exitStatus) {
    var last = lastLines(run);
    return "the training process died"
        + (exitStatus == null ? "" : " (" + meaning(exitStatus) + ")")
        + "; './lathe runs resume "
        + run.id()
        + "' goes on from its newest checkpoint, or begins again when it has none"
        + (last.isEmpty() ? "" : ". Its last words:\n  " + String.join("\n  ", last));
  }

  static String meaning(int status) {
    return switch (status) {
      case 134 -> "exit status 134: the native library aborted";
      case 137 -> "exit status 137: killed, by the system when memory ran out if not by you";
      case 139 -> "exit status 139: the native library crashed";
      case 143 -> "exit status 143: ended by a signal";
      case 3 -> "exit status 3: the Java heap was too small; LATHE_RUN_HEAP=1g gives more";
      default -> "exit status " + status;
    };
  }

  /** The end of process.log, without blank lines and the libraries' usual warnings. */
  static List<String> lastLines(RunDirectory run) {
    try (var channel = FileChannel.open(run.processLog(), StandardOpenOption.READ)) {
      long from = Math.max(0, channel.size() - LAST_BYTES);
      var bytes = ByteBuffer.allocate((int) (channel.size() - from));
      while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) >= 0) {
        // reads until the buffer is full
      }
      var lines =
          new String(bytes.array(), StandardCharsets.UTF_8)
              .lines()
              .filter(l -> !l.isBlank() && !LIBRARYS_WARNING.matcher(l).find())
              .toList();
      return lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
    } catch (IOException e) {
      return List.of();
    }
  }
}
