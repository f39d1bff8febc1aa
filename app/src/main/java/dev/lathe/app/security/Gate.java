package dev.lathe.app.security;

import dev.lathe.app.owner.Door;
import dev.lathe.serving.accounting.Keyring;
import dev.lathe.serving.messages.MessagesReply;
import dev.lathe.serving.metrics.Meters;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
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
 * was rebound to 127.0.0.1 still sends its own. What a page of another site makes a browser send is
 * refused ({@link Sites}). Then the token, unless the door is open to this machine. Where {@code
 * lathe.yaml} has keys, whoever asks for models bears one of them, or the token.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class Gate extends OncePerRequestFilter {
  private static final Set<String> HOSTS = Set.of("127.0.0.1", "localhost", "[::1]");

  private final OwnerToken token;
  private final boolean open;
  private final Keyring keys;
  private final Meters meters;

  Gate(Door door, Keyring keys, Meters meters) {
    this.meters = meters;
    this.keys = keys;
    this.token = new OwnerToken(door.token());
    this.open = door.open();
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (!isLoopback(request.getHeader("Host"))) {
      refuse(
          request,
          response,
          403,
          "this host name is not served",
          "Use http://127.0.0.1 or localhost.");
    } else if (!Sites.isOwn(request)) {
      refuse(
          request,
          response,
          403,
          "a page of another site may not ask here",
          "Ask from a program, or from the page that Lathe serves.");
    } else if (!open && !token.isBornBy(request)) {
      response.setHeader("WWW-Authenticate", "Bearer");
      refuse(
          request,
          response,
          401,
          "the request does not bear the home's token",
          "Send 'Authorization: Bearer TOKEN' with the token of owner.json, or start './lathe serve'.");
    } else if (mayAsk(request)) {
      chain.doFilter(request, response);
    } else {
      meters.refused("key");
      refuseKey(request, response);
    }
  }

  private boolean mayAsk(HttpServletRequest request) {
    if (keys.isEmpty()
        || !open
        || !asksForModels(request.getRequestURI())
        || token.isBornBy(request.getHeader("Authorization"))) {
      return true;
    }
    var secret = Bearer.secret(request);
    var account = secret == null ? null : keys.find(secret).orElse(null);
    if (account == null) {
      return false;
    }
    Bearer.set(request, account);
    return true;
  }

  private static boolean asksForModels(String path) {
    return path.startsWith("/v1/") || path.startsWith("/api/ai/");
  }

  /** In the words' places where OpenAI has its own. */
  private static void refuseKey(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    boolean none = Bearer.secret(request) == null;
    response.setHeader("WWW-Authenticate", "Bearer");
    var error =
        new WireError(
            401,
            "invalid_request_error",
            null,
            none ? null : "invalid_api_key",
            none
                ? "You didn't provide an API key. Send 'Authorization: Bearer KEY'; lathe.yaml names the keys."
                : "Incorrect API key provided. lathe.yaml names the keys.",
            null);
    response.setStatus(error.status());
    response.setContentType("application/json");
    boolean anthropic = request.getRequestURI().startsWith("/v1/messages");
    response.getOutputStream().write(anthropic ? MessagesReply.json(error) : error.json());
  }

  static boolean isLoopback(@Nullable String host) {
    if (host == null) {
      return false;
    }
    int port = host.lastIndexOf(':');
    var name = port > host.lastIndexOf(']') ? host.substring(0, port) : host;
    return HOSTS.contains(name.toLowerCase(Locale.ROOT));
  }

  /** In OpenAI's form where its API was asked, in Anthropic's for theirs, in ours elsewhere. */
  private static void refuse(
      HttpServletRequest request,
      HttpServletResponse response,
      int status,
      String what,
      String remedy)
      throws IOException {
    response.setStatus(status);
    response.setContentType("application/json");
    if (request.getRequestURI().startsWith("/v1/messages")) {
      response.getOutputStream().write(MessagesReply.json(status, what + ". " + remedy));
      return;
    }
    var error = new LinkedHashMap<String, @Nullable Object>();
    if (request.getRequestURI().startsWith("/v1/")) {
      error.put("message", what + ". " + remedy);
      error.put("type", status == 401 ? "authentication_error" : "permission_error");
      error.put("param", null);
      error.put("code", status == 401 ? "invalid_api_key" : "forbidden");
    } else {
      error.put("what", what);
      error.put("remedy", remedy);
    }
    var body = JsonMapper.shared().writeValueAsString(Map.of("error", error));
    response.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
  }
}
