package dev.lathe.app.security;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** The secret of {@code owner.json}, which every request bears. */
public record OwnerToken(String value) {
  private static final String SCHEME = "Bearer ";

  /** As OpenAI's clients send it, or Anthropic's. */
  boolean isBornBy(HttpServletRequest request) {
    var key = request.getHeader("x-api-key");
    return isBornBy(request.getHeader("Authorization"))
        || (key != null && isBornBy(SCHEME + key.strip()));
  }

  /** Compares in a time that does not depend on where they differ. */
  boolean isBornBy(@Nullable String authorization) {
    if (authorization == null || !authorization.startsWith(SCHEME)) {
      return false;
    }
    return MessageDigest.isEqual(
        bytes(authorization.substring(SCHEME.length()).strip()), bytes(value));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return "OwnerToken[hidden]";
  }
}
