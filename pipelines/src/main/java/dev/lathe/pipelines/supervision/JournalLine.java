package dev.lathe.pipelines.supervision;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** A record as bytes: 8 hexadecimal digits CRC32C of the JSON, a space, the JSON, a line feed. */
final class JournalLine {
  private static final int HEAD = 9;
  private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final TypeReference<LinkedHashMap<String, Object>> OBJECT =
      new TypeReference<>() {};
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private JournalLine() {}

  static byte[] encode(long seq, Instant at, String type, Map<String, ?> fields) {
    var record = new LinkedHashMap<String, Object>();
    record.put("seq", seq);
    record.put("at", at.toString());
    record.put("type", type);
    fields.forEach(
        (name, value) -> {
          if (record.put(name, value) != null) {
            throw new IllegalArgumentException("a journal record's own key: " + name);
          }
        });
    byte[] json = JSON.writeValueAsBytes(record);
    byte[] line = new byte[HEAD + json.length + 1];
    int crc = crc(json, 0, json.length);
    for (int i = 0; i < 8; i++) {
      line[i] = DIGITS[(crc >>> (28 - 4 * i)) & 15];
    }
    line[8] = ' ';
    System.arraycopy(json, 0, line, HEAD, json.length);
    line[line.length - 1] = '\n';
    return line;
  }

  /** Whether the bytes, line feed excluded, are what was once written. */
  static boolean intact(byte[] bytes, int from, int to) {
    if (to - from < HEAD || bytes[from + 8] != ' ') {
      return false;
    }
    int stated = 0;
    for (int i = from; i < from + 8; i++) {
      int digit = Character.digit(bytes[i], 16);
      if (digit < 0) {
        return false;
      }
      stated = stated << 4 | digit;
    }
    return stated == crc(bytes, from + HEAD, to);
  }

  static int crc(byte[] bytes, int from, int to) {
    var crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }

  /** The checksum of an intact line's JSON. */
  static int crcOfLine(byte[] bytes, int from, int to) {
    return crc(bytes, from + HEAD, to);
  }

  /** The record of an intact line, or null when its JSON is no record. */
  static @Nullable JournalRecord decode(byte[] bytes, int from, int to) {
    try {
      var fields =
          JSON.readerFor(OBJECT)
              .<LinkedHashMap<String, Object>>readValue(bytes, from + HEAD, to - from - HEAD);
      if (fields.remove("seq") instanceof Number seq
          && fields.remove("at") instanceof String at
          && fields.remove("type") instanceof String type) {
        return new JournalRecord(seq.longValue(), Instant.parse(at), type, fields);
      }
      return null;
    } catch (JacksonException | java.time.DateTimeException e) {
      return null;
    }
  }
}
