package dev.lathe.datasets.logs;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** A log whose format is known. Opening it reads from its beginning, as often as wanted. */
public final class LogFile {
  private static final int SNIFFED = 200;
  private static final int HEAD = 1 << 10;

  private final Path path;
  private final LogFormat format;
  private final LatheJoin join;

  private LogFile(Path path, LogFormat format, LatheJoin join) {
    this.path = path;
    this.format = format;
    this.join = join;
  }

  public Path path() {
    return path;
  }

  public LogFormat format() {
    return format;
  }

  /** The caller closes the reader. */
  public LogReader open() {
    return new LogReader(this, items(path), Format.of(format, join));
  }

  /** When a whole file had nothing to read in it. */
  BadInput nothingReadable(long broken, String firstReason) {
    var looks = LooksLike.describe(path);
    return new BadInput(
        "nothing in this log could be read as " + format.wire(),
        path.toString(),
        (broken == 0 ? "It is empty. " : "It looks like " + looks + " (" + firstReason + "). ")
            + LogFormat.known());
  }

  /**
   * Finds the format of {@code path} where {@code given} names none.
   *
   * @throws BadInput when the file is of no known format
   */
  static LogFile of(Path path, @Nullable LogFormat given, LatheJoin join) {
    var format = given == null ? sniff(path) : given;
    var file = new LogFile(path, format, join);
    if (format == LogFormat.LATHE) {
      file.noteAll();
    }
    return file;
  }

  private static LogFormat sniff(Path path) {
    var formats = new LatheJoin();
    try (var items = items(path)) {
      for (int i = 0; i < SNIFFED; i++) {
        var item = items.next();
        if (item == null) {
          break;
        }
        var node = node(item);
        for (var format : LogFormat.values()) {
          if (node != null && Format.of(format, formats).claims(node)) {
            return format;
          }
        }
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
    throw new BadInput(
        "this is no conversation log",
        path.toString(),
        "It looks like " + LooksLike.describe(path) + ". " + LogFormat.known());
  }

  private void noteAll() {
    try (var items = items(path)) {
      for (var item = items.next(); item != null; item = items.next()) {
        var node = node(item);
        if (node != null) {
          join.note(node);
        }
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static @Nullable JsonNode node(Item item) {
    try {
      return switch (item) {
        case Item.Line line -> Json.MAPPER.readTree(line.bytes());
        case Item.Element element -> element.node();
        case Item.Unreadable unreadable -> null;
      };
    } catch (JacksonException e) {
      return null;
    }
  }

  private static Items items(Path path) {
    try {
      var in = new PushbackInputStream(Compression.open(path), HEAD);
      return startsArray(in) ? new ArrayItems(in) : new LineItems(in);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  static BadInput unreadable(Path path, IOException e) {
    return new BadInput(
        "this log cannot be read",
        path.toString(),
        (e.getMessage() == null ? "It ends too early" : e.getMessage())
            + ". Check the file and its permissions.",
        e);
  }

  private static boolean startsArray(PushbackInputStream in) throws IOException {
    byte[] head = new byte[HEAD];
    int read = in.read(head);
    if (read > 0) {
      in.unread(head, 0, read);
    }
    for (int i = 0; i < read; i++) {
      int b = head[i] & 0xff;
      boolean blank = b == ' ' || b == '\n' || b == '\r' || b == '\t';
      boolean mark = b == 0xEF || b == 0xBB || b == 0xBF;
      if (!blank && !mark) {
        return b == '[';
      }
    }
    return false;
  }
}
