package dev.lathe.app.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Stands before every request. The Host header must be loopback's: a page in a browser whose name
 * was rebound to 127.0.0.1 still sends its own. Then the token.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class Gate extends OncePerRequestFilter {
  private static final Set<String> HOSTS = Set.of("127.0.0.1", "localhost", "[::1]");

  private final OwnerToken token;

  Gate(OwnerToken token) {
    this.token = token;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (!isLoopback(request.getHeader("Host"))) {
      refuse(response, 403, "this host name is not served", "Use http://127.0.0.1 or localhost.");
    } else if (!token.isBornBy(request.getHeader("Authorization"))) {
      response.setHeader("WWW-Authenticate", "Bearer");
      refuse(
          response,
          401,
          "the request does not bear the home's token",
          "Send 'Authorization: Bearer TOKEN' with the token of owner.json.");
    } else {
      chain.doFilter(request, response);
    }
  }

  static boolean isLoopback(@Nullable String host) {
    if (host == null) {
      return false;
    }
    int port = host.lastIndexOf(':');
    var name = port > host.lastIndexOf(']') ? host.substring(0, port) : host;
    return HOSTS.contains(name.toLowerCase(Locale.ROOT));
  }

  private static void refuse(HttpServletResponse response, int status, String what, String remedy)
      throws IOException {
    response.setStatus(status);
    response.setContentType("application/json");
    var body = Map.of("error", Map.of("what", what, "remedy", remedy));
    response
        .getOutputStream()
        .write(JsonMapper.shared().writeValueAsString(body).getBytes(StandardCharsets.UTF_8));
  }
}
