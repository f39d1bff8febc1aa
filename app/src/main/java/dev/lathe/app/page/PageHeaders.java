package dev.lathe.app.page;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * What a browser is told to refuse: scripts and styles that are not files of ours, other origins,
 * frames. The one inline script, the import map, is named by its hash.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
class PageHeaders extends OncePerRequestFilter {
  private static final Pattern IMPORT_MAP =
      Pattern.compile("<script type=\"importmap\">(.*?)</script>", Pattern.DOTALL);

  private final String policy =
      "default-src 'none'; script-src 'self' '"
          + importMapHash()
          + "'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  /** The router's answers go to programs, and every header costs. */
  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return request.getRequestURI().startsWith("/v1/");
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    response.setHeader("Content-Security-Policy", policy);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    chain.doFilter(request, response);
  }

  private static String importMapHash() {
    try (var in = PageHeaders.class.getResourceAsStream("/static/index.html")) {
      if (in == null) {
        throw new IllegalStateException("the class path has no static/index.html");
      }
      var page = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      var map = IMPORT_MAP.matcher(page);
      if (!map.find()) {
        throw new IllegalStateException("static/index.html has no import map");
      }
      var hash =
          MessageDigest.getInstance("SHA-256")
              .digest(map.group(1).getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(hash);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read static/index.html", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
