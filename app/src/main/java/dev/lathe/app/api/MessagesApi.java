package dev.lathe.app.api;

import dev.lathe.app.security.Admissions;
import dev.lathe.serving.messages.MessagesReply;
import dev.lathe.serving.messages.MessagesRequest;
import dev.lathe.serving.messages.TokenCount;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.settings.ServerLimits;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Anthropic's messages API, for its clients; any target answers behind it. */
@RestController
@RequestMapping("/v1/messages")
class MessagesApi {
  private final Router router;
  private final TokenCount tokens;
  private final ServerLimits limits;
  private final Admissions admissions;

  MessagesApi(Router router, TokenCount tokens, ServerLimits limits, Admissions admissions) {
    this.admissions = admissions;
    this.router = router;
    this.tokens = tokens;
    this.limits = limits;
  }

  @PostMapping
  void message(HttpServletRequest request, HttpServletResponse response) {
    OpenAiApi.answer(
        response,
        MessagesReply::json,
        () -> {
          var asked =
              MessagesRequest.read(
                  RequestBytes.read(request, limits.maxBodyBytes()), beta(request));
          var subject = request.getHeader("x-lathe-subject");
          try (var admission = admissions.admit(request, response, asked.chat())) {
            var asker =
                new Asker(
                    subject == null ? asked.subject() : subject,
                    request.getHeader("x-lathe-strategy"),
                    admission);
            router.chat(asked.chat(), asker, new MessagesReply(new ServletReply(response)));
          }
        });
  }

  @PostMapping("count_tokens")
  void count(HttpServletRequest request, HttpServletResponse response) {
    OpenAiApi.answer(
        response,
        MessagesReply::json,
        () -> {
          var asked =
              MessagesRequest.toCount(
                  RequestBytes.read(request, limits.maxBodyBytes()), beta(request));
          OpenAiApi.write(response, Map.of("input_tokens", tokens.of(asked)));
        });
  }

  private static @Nullable String beta(HttpServletRequest request) {
    return request.getHeader("anthropic-beta");
  }
}
