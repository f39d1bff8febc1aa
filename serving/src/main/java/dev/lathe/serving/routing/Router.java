package dev.lathe.serving.routing;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.providers.Dialects;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.remote.Endpoint;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.providers.remote.Upstream.NotReached;
import dev.lathe.serving.providers.remote.openai.OpenAi;
import dev.lathe.serving.routing.Reply.ClientGone;
import dev.lathe.serving.wire.AnswerIds;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers chat completions: finds the target, asks it, passes on what it says. Until the first byte
 * has gone to the client a lost upstream is asked again; afterwards the stream ends with an event
 * that tells of the error.
 */
public final class Router {
  private static final Logger log = LoggerFactory.getLogger(Router.class);
  private static final int ATTEMPTS = 3;
  private static final Duration LOCAL_SILENCE = Duration.ofMinutes(10);

  private final Targets targets;
  private final LocalEngines engines;
  private final Upstream upstream;
  private final RequestLog requests;
  private final Clock clock;
  private final AnswerIds ids;

  public Router(
      Targets targets, LocalEngines engines, Upstream upstream, RequestLog requests, Clock clock) {
    this.targets = targets;
    this.engines = engines;
    this.upstream = upstream;
    this.requests = requests;
    this.clock = clock;
    this.ids = new AnswerIds(clock);
  }

  /**
   * Answers one request.
   *
   * @param subjectHeader whom it is for, when the body does not say
   * @throws WireError when nothing was written yet; {@code headers} of it are the caller's to send
   * @throws ClientGone when nobody waits any more
   */
  public void chat(ChatRequest request, @Nullable String subjectHeader, Reply reply)
      throws ClientGone {
    var id = ids.next();
    var route = targets.route(id, request.model(), subject(request, subjectHeader, id));
    var answering = new Answering(route, request, reply, clock);
    requests.begin(answering.row());
    try {
      ask(answering);
    } catch (WireError e) {
      answering.failed(e.status(), e.message());
      throw e;
    } catch (ClientGone e) {
      answering.failed(499, "the client hung up");
      throw e;
    } catch (RuntimeException e) {
      answering.failed(500, e.getClass().getSimpleName());
      throw e;
    } finally {
      requests.record(answering.row());
    }
  }

  /** What a name means, without asking it. */
  public Targets targets() {
    return targets;
  }

  private static String subject(ChatRequest request, @Nullable String header, String id) {
    var said = request.subject();
    var subject = said != null ? said : header != null && !header.isBlank() ? header.strip() : id;
    return Sha256.of(subject);
  }

  private void ask(Answering answering) throws ClientGone {
    for (int attempt = 1; ; attempt++) {
      try {
        switch (answering.route().target()) {
          case Target.Remote remote -> askRemote(remote, answering);
          case Target.Local local -> askLocal(local, answering);
        }
        return;
      } catch (Lost e) {
        if (attempt == ATTEMPTS) {
          log.warn("{}: {}", answering.route().target().name(), e.problem.message());
          throw e.problem;
        }
        pause(attempt);
      }
    }
  }

  private void askRemote(Target.Remote target, Answering answering) throws Lost, ClientGone {
    var name = target.provider().name();
    try (var answer =
        upstream.ask(
            Endpoint.of(target.provider()),
            Dialects.of(target.provider()).exchange(answering.request(), target.model()))) {
      answering.pass(answer, "The provider '" + name + "'");
    } catch (NotReached e) {
      throw new Lost(
          WireError.unavailable(
              "upstream_unavailable",
              "The provider '%s' cannot be reached at %s: %s. Start it, or mend baseUrl in lathe.yaml; then ask again."
                  .formatted(name, target.provider().baseUrl(), e.getMessage())));
    } catch (SocketTimeoutException e) {
      throw silent(
          "The provider '" + name + "'",
          target.provider().timeout(),
          "Raise timeoutSeconds in lathe.yaml, or ask for less.");
    } catch (IOException e) {
      throw WireError.upstream(
          "upstream_broke_off",
          "The provider '%s' broke off before it answered (%s). Ask again."
              .formatted(name, reason(e)));
    }
  }

  private void askLocal(Target.Local target, Answering answering) throws Lost, ClientGone {
    try (var lease = engines.lease(target.model())) {
      try (var answer =
          upstream.ask(
              Endpoint.of(lease.address(), LOCAL_SILENCE),
              OpenAi.of(answering.counted(target.model().id())))) {
        answering.pass(answer, "The engine of '" + target.name() + "'");
        if (answering.brokeOff()) {
          lease.broken();
        }
      } catch (SocketTimeoutException e) {
        lease.broken();
        throw silent("The engine of '" + target.name() + "'", LOCAL_SILENCE, "Ask for less.");
      } catch (IOException e) {
        lease.broken();
        throw new Lost(
            WireError.unavailable(
                "engine_unavailable",
                "The engine of '%s' ended before it answered (%s). The log tells why; ask again."
                    .formatted(target.name(), reason(e))));
      }
    } catch (EngineUnavailable e) {
      throw WireError.unavailable(
          "engine_unavailable",
          "The engine of '%s' does not come up: %s".formatted(target.name(), e.getMessage()));
    } catch (BadInput e) {
      throw WireError.unavailable("model_unusable", String.valueOf(e.getMessage()));
    }
  }

  private static WireError silent(String who, Duration silence, String remedy) {
    return new WireError(
        504,
        "server_error",
        null,
        "upstream_timeout",
        "%s said nothing for %d s. %s".formatted(who, Math.max(1, silence.toSeconds()), remedy),
        null);
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static void pause(int attempt) {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(20, 60) * attempt);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Nothing reached the client, so it can be tried again. */
  private static final class Lost extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient WireError problem;

    Lost(WireError problem) {
      super(problem.message(), null, false, false);
      this.problem = problem;
    }
  }
}
