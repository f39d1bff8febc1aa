package dev.lathe.app.openai;

import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.tomcat.util.http.fileupload.FileItemStream;
import org.apache.tomcat.util.http.fileupload.FileUpload;
import org.apache.tomcat.util.http.fileupload.FileUploadException;
import org.apache.tomcat.util.http.fileupload.MultipartStream.MalformedStreamException;
import org.apache.tomcat.util.http.fileupload.servlet.ServletRequestContext;
import org.jspecify.annotations.Nullable;

/** A multipart request with a file in it, which goes to the disk as it comes. */
final class Upload {
  private static final String FILE = "file";
  private static final String PURPOSE = "purpose";
  private static final String ANCHOR = "expires_after[anchor]";
  private static final String SECONDS = "expires_after[seconds]";
  private static final Set<String> FIELDS = Set.of(PURPOSE, ANCHOR, SECONDS);
  private static final int LONGEST_FIELD = 4096;
  private static final int LONGEST_NAME = 255;
  private static final Duration SHORTEST_LIFE = Duration.ofHours(1);
  private static final Duration LONGEST_LIFE = Duration.ofDays(30);

  private final HttpServletRequest request;
  private final long most;
  private final Map<String, String> fields = new HashMap<>();
  private @Nullable String filename;

  /**
   * @param most bytes of the file
   */
  Upload(HttpServletRequest request, long most) {
    this.request = request;
    this.most = most;
  }

  /**
   * Reads the request to its end.
   *
   * @throws WireError when it is no upload, the file is too large, or not what it is said to be
   */
  FileStore.Described into(Path file, Instant now) throws IOException {
    if (request.getContentLengthLong() > most + (1 << 20)) {
      throw tooLarge();
    }
    try {
      read(file);
    } catch (FileUploadException | MalformedStreamException e) {
      throw WireError.invalid(
          null,
          "invalid_multipart",
          "The body is no multipart/form-data with a field 'file' and a field 'purpose' ("
              + e.getMessage()
              + ").");
    }
    if (filename == null) {
      throw WireError.invalid(
          FILE,
          "missing_required_parameter",
          "'file' is missing. Send it as a part of multipart/form-data.");
    }
    var purpose = Purpose.ofUpload(fields.get(PURPOSE));
    var expires = expires(purpose, now);
    if (purpose.isLines()) {
      JsonLines.require(file);
    }
    return new FileStore.Described(filename, purpose, expires);
  }

  private void read(Path file) throws IOException {
    var parts = new FileUpload();
    parts.setHeaderEncoding("UTF-8");
    var items = parts.getItemIterator(new ServletRequestContext(request));
    while (items.hasNext()) {
      var item = items.next();
      var field = String.valueOf(item.getFieldName());
      if (field.equals(FILE)) {
        takeFile(item, file);
      } else if (FIELDS.contains(field)) {
        fields.put(field, text(item, field));
      } else {
        throw WireError.invalid(
            field,
            "unknown_parameter",
            "'" + field + "' is unknown. An upload has 'file', 'purpose' and 'expires_after'.");
      }
    }
  }

  private void takeFile(FileItemStream item, Path file) throws IOException {
    if (filename != null) {
      throw WireError.invalid(FILE, "invalid_value", "There are two files. Send one a request.");
    }
    filename = name(item.getName());
    try (var in = item.openStream();
        var out = Files.newOutputStream(file)) {
      var piece = new byte[1 << 16];
      long written = 0;
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        written += n;
        if (written > most) {
          throw tooLarge();
        }
        out.write(piece, 0, n);
      }
      if (written == 0) {
        throw WireError.invalid(FILE, "invalid_value", "The file is empty.");
      }
    }
  }

  /** What a browser may send is a path; what is kept is its last part. */
  private static String name(@Nullable String given) {
    if (given == null || given.isBlank()) {
      return "upload";
    }
    var last = given.substring(Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\')) + 1);
    var plain = last.replaceAll("\\p{Cntrl}", "").strip();
    return plain.isEmpty() ? "upload" : plain.substring(0, Math.min(LONGEST_NAME, plain.length()));
  }

  private static String text(FileItemStream item, String field) throws IOException {
    try (InputStream in = item.openStream()) {
      var bytes = in.readNBytes(LONGEST_FIELD + 1);
      if (bytes.length > LONGEST_FIELD) {
        throw WireError.invalid(field, "invalid_value", "'" + field + "' is too long.");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private @Nullable Instant expires(Purpose purpose, Instant now) {
    var anchor = fields.get(ANCHOR);
    var seconds = fields.get(SECONDS);
    if (anchor == null && seconds == null) {
      return purpose.kept() == null ? null : now.plus(purpose.kept());
    }
    if (!"created_at".equals(anchor)) {
      throw WireError.invalid(
          "expires_after.anchor",
          "invalid_value",
          "'expires_after.anchor' is '%s'. It must be 'created_at'.".formatted(anchor));
    }
    try {
      var life = Duration.ofSeconds(Long.parseLong(String.valueOf(seconds)));
      if (life.compareTo(SHORTEST_LIFE) >= 0 && life.compareTo(LONGEST_LIFE) <= 0) {
        return now.plus(life);
      }
    } catch (NumberFormatException e) {
      // told below, as for a number out of range
    }
    throw WireError.invalid(
        "expires_after.seconds",
        "invalid_value",
        "'expires_after.seconds' is '%s'. It must be a whole number from 3600 to 2592000."
            .formatted(seconds));
  }

  private WireError tooLarge() {
    return new WireError(
        413,
        "invalid_request_error",
        FILE,
        "file_too_large",
        String.format(
            Locale.ROOT,
            "The file has more than %,d bytes. Send a smaller one, or raise server.maxFileMiB in lathe.yaml.",
            most),
        null);
  }
}
