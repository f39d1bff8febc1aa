package dev.lathe.app.api;

import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Locale;

/** A request's body as bytes, up to a limit. */
public final class RequestBytes {
  private RequestBytes() {}

  /**
   * Reads the body.
   *
   * @throws WireError 413 when it is longer; the rest of it is left to the server to swallow
   */
  public static byte[] read(HttpServletRequest request, int most) throws IOException {
    long announced = request.getContentLengthLong();
    if (announced > most) {
      throw tooLong(announced, most);
    }
    var in = request.getInputStream();
    var body = announced >= 0 ? in.readNBytes((int) announced) : in.readNBytes(most + 1);
    if (body.length > most) {
      throw tooLong(body.length, most);
    }
    if (body.length < announced) {
      throw new IOException("the body broke off");
    }
    return body;
  }

  private static WireError tooLong(long found, int most) {
    return new WireError(
        413,
        "invalid_request_error",
        null,
        "request_too_large",
        String.format(
            Locale.ROOT,
            "The body has %s%,d bytes; %,d are allowed. Send less, or raise server.maxBodyMiB in lathe.yaml.",
            found > most && found != most + 1L ? "" : "at least ",
            found,
            most),
        null);
  }
}
