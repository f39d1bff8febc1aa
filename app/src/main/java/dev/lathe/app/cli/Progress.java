package dev.lathe.app.cli;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * Tells how far long work is, on stderr: a bar that redraws itself on a terminal; elsewhere a plain
 * line at every new stage and then every {@value #PLAIN_SECONDS} seconds.
 */
public final class Progress implements AutoCloseable {
  private static final int PLAIN_SECONDS = 5;
  private static final int BAR = 24;

  private final Terminal terminal;
  private String stage = "";
  private long lastPlain;
  private boolean drawn;

  public Progress(Terminal terminal) {
    this.terminal = terminal;
  }

  /**
   * @param total 0 when nobody knows
   * @param detail what else is worth a glance: {@code loss 2.31 · 690 tokens/s}
   */
  public void update(String newStage, long done, long total, String detail) {
    var count =
        total > 0
            ? String.format(Locale.ROOT, "%,d/%,d", done, total)
            : done > 0 ? String.format(Locale.ROOT, "%,d", done) : "";
    show(newStage, done, total, (count + "  " + detail).strip());
  }

  /** The owner's {@code {"stage", "done", "total"}}, whose numbers are bytes. */
  void bytes(JsonNode told) {
    long done = told.path("done").asLong(0);
    long total = told.path("total").asLong(0);
    show(
        told.path("stage").asString(""),
        done,
        total,
        total > 0 ? Text.megabytes(done) + " of " + Text.megabytes(total) : "");
  }

  /** A line of its own, above the bar. */
  public void note(String line) {
    if (drawn) {
      terminal.err().print("\r\033[K");
      drawn = false;
    }
    terminal.err().println("  " + line);
  }

  private void show(String newStage, long done, long total, String detail) {
    boolean fresh = !newStage.equals(stage);
    if (terminal.live()) {
      if (fresh) {
        endLine();
      }
      stage = newStage;
      draw(done, total, detail);
      return;
    }
    long now = System.nanoTime();
    if (fresh || now - lastPlain > PLAIN_SECONDS * 1_000_000_000L) {
      stage = newStage;
      lastPlain = now;
      terminal.err().println(("  " + text(done, total, detail)).stripTrailing());
    }
  }

  private void draw(long done, long total, String detail) {
    var line = new StringBuilder("  ");
    if (total > 0) {
      int full = (int) Math.clamp(BAR * done / total, 0, BAR);
      line.append('[').repeat('#', full).repeat('.', BAR - full).append("] ");
    }
    line.append(text(done, total, detail));
    int room = terminal.columns() - 1;
    var shown = line.length() > room ? line.substring(0, room) : line.toString();
    terminal.err().print("\r" + shown + "\033[K");
    terminal.err().flush();
    drawn = true;
  }

  private String text(long done, long total, String detail) {
    var percent = total > 0 ? String.format(Locale.ROOT, "%3d%%", 100 * done / total) : "";
    return (stage + " " + percent).strip() + (detail.isBlank() ? "" : "  " + detail);
  }

  private void endLine() {
    if (drawn) {
      terminal.err().println();
      drawn = false;
    }
  }

  @Override
  public void close() {
    endLine();
  }
}
