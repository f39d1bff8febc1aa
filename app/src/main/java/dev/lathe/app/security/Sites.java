package dev.lathe.app.security;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whether a browser asks on behalf of our own page, as it says itself in {@code Sec-Fetch-Site}
 * (W3C Fetch Metadata) and {@code Origin}. Programs send neither and are no concern of this.
 */
final class Sites {
  private Sites() {}

  static boolean isOwn(HttpServletRequest request) {
    var site = request.getHeader("Sec-Fetch-Site");
    boolean sameSite = site == null || site.equals("same-origin") || site.equals("none");
    return (sameSite || isLink(request)) && isOwnOrigin(request);
  }

  /**
   * Somebody follows a link to our page: nothing is changed by it, and the other site sees none.
   */
  private static boolean isLink(HttpServletRequest request) {
    var path = request.getRequestURI();
    return request.getMethod().equals("GET")
        && "navigate".equals(request.getHeader("Sec-Fetch-Mode"))
        && "document".equals(request.getHeader("Sec-Fetch-Dest"))
        && !path.startsWith("/api/")
        && !path.startsWith("/v1/");
  }

  /** The Host header was found to be loopback's before. */
  private static boolean isOwnOrigin(HttpServletRequest request) {
    var origin = request.getHeader("Origin");
    return origin == null || origin.toLowerCase(Locale.ROOT).equals(own(request));
  }

  private static @Nullable String own(HttpServletRequest request) {
    var host = request.getHeader("Host");
    return host == null ? null : "http://" + host.toLowerCase(Locale.ROOT);
  }
}
