package dev.lathe.app.openai;

import dev.lathe.serving.wire.WireError;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Whether a file is one JSON object a line. A line at a time is held. */
final class JsonLines {
  private static final int LONGEST = 16 << 20;
  private static final int SHOWN = 40;

  private JsonLines() {}

  /**
   * @return how many objects there are
   * @throws WireError naming the first line that is none
   */
  static long require(Path file) throws IOException {
    long objects = 0;
    try (var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      long number = 0;
      for (var line = next(in, 1); line != null; line = next(in, number + 1)) {
        number++;
        var text = new String(line, StandardCharsets.UTF_8).strip();
        if (!text.isEmpty()) {
          requireObject(text, number);
          objects++;
        }
      }
    }
    if (objects == 0) {
      throw broken("The file is empty. Send one JSON object a line.");
    }
    return objects;
  }

  private static void requireObject(String text, long number) {
    var shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    try {
      if (JsonMapper.shared().readTree(text).isObject()) {
        return;
      }
    } catch (JacksonException e) {
      throw broken(
          "Line %d is no JSON (%s): %s. The file must be JSON Lines, an object a line."
              .formatted(number, firstLine(e.getOriginalMessage()), shown));
    }
    throw broken(
        "Line %d is no JSON object: %s. The file must be JSON Lines, an object a line."
            .formatted(number, shown));
  }

  /** Without its end; null behind the last. A byte-order mark before the first is passed over. */
  private static byte @Nullable [] next(InputStream in, long number) throws IOException {
    var line = new ByteArrayOutputStream();
    int b = in.read();
    if (b < 0) {
      return null;
    }
    for (; b >= 0 && b != '\n'; b = in.read()) {
      line.write(b);
      if (line.size() > LONGEST) {
        throw broken("Line " + number + " is longer than 16 MiB. Send shorter examples.");
      }
    }
    var bytes = line.toByteArray();
    boolean marked =
        number == 1
            && bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    return marked ? Arrays.copyOfRange(bytes, 3, bytes.length) : bytes;
  }

  private static String firstLine(@Nullable String text) {
    return text == null ? "unreadable" : text.lines().findFirst().orElse("unreadable");
  }

  private static WireError broken(String message) {
    return WireError.invalid("file", "invalid_jsonl", message);
  }
}
