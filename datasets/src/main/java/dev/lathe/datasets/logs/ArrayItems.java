package dev.lathe.datasets.logs;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;

/** The elements of a file that is one JSON array, streamed. Broken JSON ends the file there. */
final class ArrayItems implements Items {
  private final JsonParser parser;
  private boolean started;
  private boolean ended;

  ArrayItems(InputStream in) {
    parser = Json.MAPPER.createParser(in);
  }

  @Override
  public @Nullable Item next() {
    if (ended) {
      return null;
    }
    try {
      if (!started) {
        started = true;
        parser.nextToken();
      }
      var token = parser.nextToken();
      if (token == null || token == JsonToken.END_ARRAY) {
        ended = true;
        if (token == null) {
          return new Item.Unreadable(line(), "the array is not closed: the file ends early");
        }
        return null;
      }
      long line = line();
      JsonNode node = parser.readValueAsTree();
      return new Item.Element(line, node);
    } catch (JacksonException e) {
      ended = true;
      return new Item.Unreadable(
          e.getLocation() == null ? 1 : e.getLocation().getLineNr(),
          "the array cannot be read from here on: " + Json.reason(e));
    }
  }

  private long line() {
    return parser.currentTokenLocation().getLineNr();
  }

  @Override
  public void close() throws IOException {
    parser.close();
  }
}
