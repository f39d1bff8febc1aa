package dev.lathe.app.api;

import dev.lathe.app.security.Admissions;
import dev.lathe.app.security.Bearer;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.Admission;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.Reply.ClientGone;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.settings.ServerLimits;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** OpenAI's API, for any client that speaks it. */
@RestController
@RequestMapping("/v1")
class OpenAiApi {
  private static final Logger log = LoggerFactory.getLogger(OpenAiApi.class);

  private static final String LIMITS = "x-ratelimit-";

  private final Router router;
  private final ServerLimits limits;
  private final Admissions admissions;

  OpenAiApi(Router router, ServerLimits limits, Admissions admissions) {
    this.admissions = admissions;
    this.router = router;
    this.limits = limits;
  }

  /** Work on one request, its errors in OpenAI's form. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException, ClientGone;
  }

  @PostMapping("chat/completions")
  void chat(HttpServletRequest request, HttpServletResponse response) {
    answer(
        response,
        () -> {
          var chat = ChatRequest.read(RequestBytes.read(request, limits.maxBodyBytes()));
          try (var admission = admissions.admit(request, response, chat)) {
            router.chat(chat, asker(request, admission), new ServletReply(response));
          }
        });
  }

  private static Asker asker(HttpServletRequest request, Admission admission) {
    return new Asker(
        request.getHeader("x-lathe-subject"), request.getHeader("x-lathe-strategy"), admission);
  }

  /** Whether the bearer of the request's key may ask for a model of that name. */
  private static boolean allowed(HttpServletRequest request, String model) {
    var account = Bearer.of(request);
    return account == null || account.allows(model);
  }

  record Model(String id, String object, long created, String owned_by) {
    static Model of(String id) {
      return new Model(id, "model", 0, "lathe");
    }
  }

  record Models(String object, List<Model> data) {}

  @GetMapping("models")
  void models(HttpServletRequest request, HttpServletResponse response) {
    answer(
        response,
        () ->
            write(
                response,
                new Models(
                    "list",
                    router.planning().names().stream()
                        .filter(name -> allowed(request, name))
                        .map(Model::of)
                        .toList())));
  }

  @GetMapping("models/{*id}")
  void model(@PathVariable String id, HttpServletResponse response) {
    var name = id.startsWith("/") ? id.substring(1) : id;
    answer(
        response,
        () -> {
          if (!router.planning().names().contains(name)) {
            router.planning().targets().target(name);
          }
          write(response, Model.of(name));
        });
  }

  /** What OpenAI has and this router has not, or not with this method. */
  @RequestMapping("{*path}")
  void nothing(
      @PathVariable String path, HttpServletRequest request, HttpServletResponse response) {
    answer(
        response,
        () -> {
          throw new WireError(
              404,
              "invalid_request_error",
              null,
              "unknown_url",
              "Nothing answers %s /v1%s. There are POST /v1/chat/completions, POST /v1/messages, /v1/files, /v1/fine_tuning/jobs, GET /v1/models and GET /v1/models/{id}."
                  .formatted(request.getMethod(), path),
              null);
        });
  }

  static void write(HttpServletResponse response, Object body) throws IOException {
    response.setContentType("application/json");
    response.getOutputStream().write(JsonMapper.shared().writeValueAsBytes(body));
  }

  private static void answer(HttpServletResponse response, Work work) {
    answer(response, WireError::json, work);
  }

  /**
   * @param form the body of an error
   */
  static void answer(HttpServletResponse response, Function<WireError, byte[]> form, Work work) {
    try {
      work.run();
    } catch (ClientGone e) {
      log.debug("a client hung up");
    } catch (WireError e) {
      refuse(response, e, form);
    } catch (BadInput e) {
      refuse(
          response,
          WireError.unavailable("configuration_broken", String.valueOf(e.getMessage())),
          form);
    } catch (IOException e) {
      log.debug("a client broke off", e);
    } catch (RuntimeException e) {
      log.error("a request failed", e);
      refuse(
          response,
          new WireError(
              500,
              "server_error",
              null,
              "internal_error",
              "Something broke that should not. The log tells more.",
              null),
          form);
    }
  }

  /** Says what was wrong, where it can still be said. */
  private static void refuse(
      HttpServletResponse response, WireError error, Function<WireError, byte[]> form) {
    if (response.isCommitted()) {
      return;
    }
    var limits = new HashMap<String, String>();
    for (var name : response.getHeaderNames()) {
      if (name.startsWith(LIMITS)) {
        limits.put(name, response.getHeader(name));
      }
    }
    response.reset();
    limits.forEach(response::setHeader);
    response.setStatus(error.status());
    response.setContentType("application/json");
    if ("insufficient_quota".equals(error.code())) {
      response.setHeader("x-should-retry", "false"); // OpenAI's clients try a 429 again otherwise
    }
    if (error.retryAfter() != null) {
      response.setHeader("Retry-After", error.retryAfter());
    }
    try {
      response.getOutputStream().write(form.apply(error));
    } catch (IOException e) {
      log.debug("a client hung up before it heard of its error", e);
    }
  }
}
