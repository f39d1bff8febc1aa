package dev.lathe.datasets.logs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation.Origin;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Reads one log from its beginning to its end; nothing but the entry at hand is held.
 *
 * <p>Either iterate, or take {@link #nextItem} on one thread and {@link #parse} on many.
 */
public final class LogReader implements Iterator<LogEntry>, AutoCloseable {
  private final LogFile file;
  private final String name;
  private final Items items;
  private final Format format;
  private @Nullable LogEntry ahead;
  private long readable;
  private long broken;
  private String firstReason = "";

  LogReader(LogFile file, Items items, Format format) {
    this.file = file;
    this.name = String.valueOf(file.path().getFileName());
    this.items = items;
    this.format = format;
  }

  public LogFormat format() {
    return file.format();
  }

  /** The next entry, not yet understood, or null at the end. */
  public @Nullable Item nextItem() {
    return items.next();
  }

  /** Understands one item. Pure: any thread. */
  public LogEntry parse(Item item) {
    try {
      var node =
          switch (item) {
            case Item.Line line -> tree(line);
            case Item.Element element -> element.node();
            case Item.Unreadable unreadable -> throw new Malformed(unreadable.reason());
          };
      if (!node.isObject()) {
        throw new Malformed("the entry is no JSON object");
      }
      return format.read(node, new Origin(name, item.line()));
    } catch (Malformed e) {
      return new LogEntry.Broken(item.line(), e.reason());
    }
  }

  private static JsonNode tree(Item.Line line) throws Malformed {
    try {
      return Json.MAPPER.readTree(line.bytes());
    } catch (JacksonException e) {
      try {
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line.bytes()));
      } catch (CharacterCodingException invalid) {
        throw new Malformed("the line is not valid UTF-8");
      }
      throw new Malformed("no valid JSON: " + Json.reason(e));
    }
  }

  /**
   * @throws BadInput at the end of a file of which nothing could be read
   */
  @Override
  public boolean hasNext() {
    if (ahead == null) {
      var item = nextItem();
      if (item == null) {
        requireReadable(readable, broken, firstReason);
        return false;
      }
      ahead = parse(item);
      if (ahead instanceof LogEntry.Broken bad) {
        firstReason = broken++ == 0 ? "line " + bad.line() + ": " + bad.reason() : firstReason;
      } else {
        readable++;
      }
    }
    return true;
  }

  @Override
  public LogEntry next() {
    if (!hasNext() || ahead == null) {
      throw new NoSuchElementException();
    }
    var entry = ahead;
    ahead = null;
    return entry;
  }

  /**
   * For those who count for themselves.
   *
   * @throws BadInput when {@code readable} is 0
   */
  public void requireReadable(long readable, long broken, String firstReason) {
    if (readable == 0) {
      throw file.nothingReadable(broken, firstReason);
    }
  }

  @Override
  public void close() {
    try {
      items.close();
    } catch (IOException e) {
      throw LogFile.unreadable(file.path(), e);
    }
  }
}
