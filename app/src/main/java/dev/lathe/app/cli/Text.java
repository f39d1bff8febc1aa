package dev.lathe.app.cli;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Values as people and addresses want them. */
final class Text {
  private Text() {}

  /**
   * One segment of a path in the API.
   *
   * @throws BadInput for what can be no name, and no web server would let through
   */
  static String segment(String value) {
    if (value.isBlank() || value.chars().anyMatch(c -> c == '/' || c == '\\' || c < ' ')) {
      throw new BadInput("this is nobody's name", printable(value), "Names hold no slashes.");
    }
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * Settings whose {@code key} names a file: the owner may live in another folder than this shell.
   */
  static Map<String, String> absolute(Map<String, String> set, String key) {
    var all = new LinkedHashMap<>(set);
    all.computeIfPresent(key, (k, path) -> Path.of(path).toAbsolutePath().toString());
    return all;
  }

  /**
   * A file that a user wrote.
   *
   * @param kind what it is to a user: "recipe"
   * @throws BadInput when it cannot be read
   */
  static String ofFile(String kind, Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new BadInput(
          "the " + kind + " cannot be read",
          file.toString(),
          "Name a text file that you may read, or leave it out for the defaults.",
          e);
    }
  }

  /** Text of a model or a log, without what could command the terminal. */
  static String printable(String text) {
    return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\uFFFD");
  }

  static String count(JsonNode number) {
    return number.isNumber() ? String.format(Locale.ROOT, "%,d", number.asLong()) : "-";
  }

  /** {@code 2026-11-21T13:14:42.7Z} to the minute. */
  static String minute(JsonNode instant) {
    var text = instant.asString("-");
    return text.length() > 16 ? text.substring(0, 16).replace('T', ' ') : text;
  }

  /** One element of an array as text. */
  static String plain(JsonNode array, int index) {
    var element = array.path(index);
    return element.isString() ? element.asString() : element.toString();
  }

  static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  /** 1:02:03, 2:03 or 3 s. */
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    long minutes = whole / 60;
    return minutes < 60
        ? String.format(Locale.ROOT, "%d:%02d", minutes, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", minutes / 60, minutes % 60, whole % 60);
  }
}
