package dev.lathe.app.security;

import dev.lathe.serving.accounting.KeyAccount;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** Whose key a request bears, as the gate found it. */
public final class Bearer {
  private static final String ATTRIBUTE = Bearer.class.getName();
  private static final String SCHEME = "bearer ";

  private Bearer() {}

  /** Null where none is asked for, and for the home's own commands. */
  public static @Nullable KeyAccount of(HttpServletRequest request) {
    return request.getAttribute(ATTRIBUTE) instanceof KeyAccount account ? account : null;
  }

  static void set(HttpServletRequest request, KeyAccount account) {
    request.setAttribute(ATTRIBUTE, account);
  }

  /** As OpenAI's clients send it, or Anthropic's; null when there is none. */
  static @Nullable String secret(HttpServletRequest request) {
    var authorization = request.getHeader("Authorization");
    if (authorization != null
        && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        && authorization.length() > SCHEME.length()) {
      return authorization.substring(SCHEME.length()).strip();
    }
    var key = request.getHeader("x-api-key");
    return key == null || key.isBlank() ? null : key.strip();
  }
}
