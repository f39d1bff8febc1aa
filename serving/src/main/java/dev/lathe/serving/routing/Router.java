package dev.lathe.serving.routing;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.Admission;
import dev.lathe.serving.accounting.Ledger;
import dev.lathe.serving.providers.Dialects;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.remote.Endpoint;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.providers.remote.Upstream.NotReached;
import dev.lathe.serving.providers.remote.openai.OpenAi;
import dev.lathe.serving.routing.Reply.ClientGone;
import dev.lathe.serving.routing.cache.AnswerCache;
import dev.lathe.serving.routing.health.Breaker;
import dev.lathe.serving.routing.health.Health;
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
 * Answers chat completions: finds the targets, asks them in turn, passes on what one says. Until
 * the first byte has gone to the client the next target is asked; afterwards the stream ends with
 * an event that tells of the error.
 */
public final class Router {
  private static final Logger log = LoggerFactory.getLogger(Router.class);
  private static final int ATTEMPTS = 3;
  private static final Duration LOCAL_SILENCE = Duration.ofMinutes(10);

  private final Planning planning;
  private final Health health;
  private final AnswerCache cache;
  private final LocalEngines engines;
  private final Upstream upstream;
  private final Ledger ledger;
  private final Clock clock;
  private final AnswerIds ids;

  public Router(
      Planning planning,
      Health health,
      AnswerCache cache,
      LocalEngines engines,
      Upstream upstream,
      Ledger ledger,
      Clock clock) {
    this.planning = planning;
    this.health = health;
    this.cache = cache;
    this.engines = engines;
    this.upstream = upstream;
    this.ledger = ledger;
    this.clock = clock;
    this.ids = new AnswerIds(clock);
  }

  /**
   * Answers one request.
   *
   * @throws WireError when nothing was written yet; {@code headers} of it are the caller's to send
   * @throws ClientGone when nobody waits any more
   */
  public void chat(ChatRequest request, Asker asker, Reply reply) throws ClientGone {
    var id = ids.next();
    var plan = planning.plan(id, request, subject(request, asker.subject(), id), asker);
    var answering = new Answering(plan, request, reply, clock);
    ledger.begin(answering.row());
    try {
      askOrRemember(plan, answering, asker.admission());
      told(plan, answering);
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
      ledger.record(answering.row(), asker.admission(), answering.addedMs());
    }
  }

  /** What names mean, without asking them. */
  public Planning planning() {
    return planning;
  }

  private static String subject(ChatRequest request, @Nullable String header, String id) {
    var said = request.subject();
    var subject = said != null ? said : header != null && !header.isBlank() ? header.strip() : id;
    return Sha256.of(subject);
  }

  /** Answers that an experiment counts are always made anew. */
  private void askOrRemember(Itinerary plan, Answering answering, Admission admission)
      throws ClientGone {
    var first = plan.routes().getFirst();
    var key =
        first.assignment() == null
            ? cache.key(first.target().name(), answering.request()).orElse(null)
            : null;
    if (key == null) {
      ask(plan, answering, admission);
      return;
    }
    var kept = cache.find(key);
    if (kept.isPresent()) {
      answering.again(kept.get());
      return;
    }
    var recorded = answering.record();
    ask(plan, answering, admission);
    if (answering.route().equals(first) && !answering.brokeOff() && !recorded.parts().isEmpty()) {
      cache.keep(key, answering.kept(recorded));
    }
  }

  private void ask(Itinerary plan, Answering answering, Admission admission) throws ClientGone {
    for (var routes = plan.routes().iterator(); routes.hasNext(); ) {
      answering.towards(routes.next());
      try {
        afford(answering, admission);
        ask(answering, !routes.hasNext());
        return;
      } catch (Lost e) {
        if (!routes.hasNext() && admission.isBroke()) {
          throw e.problem();
        }
        if (!routes.hasNext()) {
          log.warn("{}: {}", answering.route().target().name(), e.problem().message());
          throw e.problem();
        }
        answering.tried(e.told());
      }
    }
  }

  /** Another target may cost less than one that the key's budget does not bear. */
  private void afford(Answering answering, Admission admission) throws Lost {
    try {
      ledger.hold(answering.row(), admission);
    } catch (WireError e) {
      throw new Lost(e, false);
    }
  }

  /**
   * @param patient whether the same target is asked again, since there is no other
   */
  private void ask(Answering answering, boolean patient) throws Lost, ClientGone {
    for (int attempt = 1; ; attempt++) {
      var target = answering.route().target();
      try (var leave = health.ask(target.key())) {
        if (leave == null) {
          throw new Lost(rests(target), false);
        }
        try {
          long asked = answering.asks();
          switch (target) {
            case Target.Remote remote -> askRemote(remote, answering);
            case Target.Local local -> askLocal(local, answering);
          }
          if (answering.brokeOff()) {
            leave.failed();
          } else {
            leave.succeeded(answering.firstByteAt(asked) / 1e6);
          }
          return;
        } catch (WireError e) {
          requireSomebody(e);
          Verdict.on(e, leave);
        } catch (Lost e) {
          requireSomebody(e);
          leave.failed();
          throw e;
        }
      } catch (Lost e) {
        if (!e.again() || !patient || attempt == ATTEMPTS) {
          throw e;
        }
        pause(attempt);
      }
    }
  }

  /** Whoever was interrupted broke the answer off itself, which is nobody's fault. */
  private static void requireSomebody(Exception broken) throws ClientGone {
    if (Thread.currentThread().isInterrupted()) {
      throw new ClientGone(broken);
    }
  }

  /** In the words of its last refusal: it asked for a pause, or failed again and again. */
  private WireError rests(Target target) {
    var pause = health.pause(target.key());
    long seconds = Math.max(1, (pause.toMillis() + 999) / 1000);
    boolean asked = health.state(target.key()) == Breaker.State.COOLING;
    return new WireError(
        asked ? 429 : 503,
        asked ? "rate_limit_error" : "server_error",
        null,
        asked ? "rate_limit_exceeded" : "target_rests",
        "'%s' %s and is left alone for %d s. Ask again then, or name another model."
            .formatted(
                target.name(), asked ? "asked for a pause" : "failed again and again", seconds),
        Long.toString(seconds));
  }

  /** One line for each choice that was not the client's. */
  private static void told(Itinerary plan, Answering answering) {
    if (!plan.rule().isEmpty()) {
      log.debug(
          "{} {} ({}) taskType={} tried={}",
          answering.route().id(),
          answering.route().target().name(),
          plan.rule(),
          plan.task(),
          answering.tried());
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
                  .formatted(name, target.provider().baseUrl(), e.getMessage())),
          true);
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
              OpenAi.of(answering.request(), answering.counted(target.model().id())))) {
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
                    .formatted(target.name(), reason(e))),
            true);
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
}
