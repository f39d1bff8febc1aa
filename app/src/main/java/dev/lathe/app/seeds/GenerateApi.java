package dev.lathe.app.seeds;

import dev.lathe.app.security.Admissions;
import dev.lathe.serving.accounting.Admission;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.KeptReply;
import dev.lathe.serving.routing.Reply.ClientGone;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.settings.AiSettings;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** One message, one answer. */
@RestController
@RequestMapping("/api/ai/generate")
class GenerateApi {
  private final Router router;
  private final AiSettings settings;
  private final Admissions admissions;

  GenerateApi(Router router, AiSettings settings, Admissions admissions) {
    this.admissions = admissions;
    this.router = router;
    this.settings = settings;
  }

  /**
   * @param fallback_mode whether what answered was not the first choice
   * @param tokens_used of prompt and answer
   */
  record Generated(String response, String model_used, boolean fallback_mode, int tokens_used) {}

  @PostMapping
  Generated generate(
      @RequestBody GenerateRequest asked,
      HttpServletRequest request,
      HttpServletResponse response) {
    var chat = read(asked);
    var reply = within(chat, admitted(chat, request, response));
    var answer = JsonMapper.shared().readTree(reply.body());
    var usage = answer.path("usage");
    return new Generated(
        answer.path("choices").path(0).path("message").path("content").asString(""),
        reply.headers().getOrDefault("x-lathe-route", "").replaceFirst("; .*", ""),
        reply.headers().containsKey("x-lathe-fallback"),
        usage
            .path("total_tokens")
            .asInt(
                usage.path("prompt_tokens").asInt(0) + usage.path("completion_tokens").asInt(0)));
  }

  private ChatRequest read(GenerateRequest request) {
    try {
      return request.chat(settings);
    } catch (WireError e) {
      throw new AiProblem(400, e.message(), null);
    }
  }

  private Admission admitted(
      ChatRequest chat, HttpServletRequest request, HttpServletResponse response) {
    try {
      return admissions.admit(request, response, chat);
    } catch (WireError e) {
      throw AiErrors.of(e);
    }
  }

  /** The answer, or the end of patience: whoever asks is interrupted, which ends the asking. */
  private KeptReply within(ChatRequest chat, Admission admission) {
    var asked =
        new FutureTask<>(
            () -> {
              try (admission) {
                var reply = new KeptReply();
                router.chat(chat, new Asker(null, null, admission), reply);
                return reply;
              }
            });
    Thread.ofVirtual().name("generate").start(asked);
    try {
      return asked.get(settings.limit().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      asked.cancel(true);
      throw new AiProblem(
          504,
          "No answer within %d s".formatted(settings.limit().toSeconds()),
          "Ask for less, or raise ai.seconds in lathe.yaml");
    } catch (InterruptedException e) {
      asked.cancel(true);
      Thread.currentThread().interrupt();
      throw new AiProblem(503, "The server is ending", null);
    } catch (ExecutionException e) {
      throw problem(e.getCause(), chat.model());
    }
  }

  private static RuntimeException problem(@Nullable Throwable cause, String model) {
    return switch (cause) {
      case WireError e when model.equals("auto") && e.status() >= 500 -> AiProblem.nobody();
      case WireError e -> AiErrors.of(e);
      case ClientGone e -> new IllegalStateException("nobody can leave here", e);
      case RuntimeException e -> e;
      case null, default -> new IllegalStateException(cause);
    };
  }
}
