package dev.lathe.serving.routing;

import dev.lathe.serving.accounting.RequestRow;
import dev.lathe.serving.providers.remote.UpstreamAnswer;
import dev.lathe.serving.routing.Reply.ClientGone;
import dev.lathe.serving.routing.cache.KeptAnswer;
import dev.lathe.serving.settings.Price;
import dev.lathe.serving.wire.AnswerBody;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.Events;
import dev.lathe.serving.wire.UpstreamError;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One request on its way: passes an upstream's answer on, and keeps what the log wants to know. */
final class Answering {
  private static final int LONGEST = 64 << 20;
  private static final int LONGEST_ERROR = 1 << 20;
  private static final byte[] DONE = Events.DONE.getBytes(StandardCharsets.US_ASCII);

  private final Itinerary plan;
  private final List<String> tried = new ArrayList<>();
  private Route route;
  private final ChatRequest request;
  private Reply reply;
  private final AnswerBody.Names names;
  private final Instant at;
  private final long started = System.nanoTime();
  private int status = 200;
  private @Nullable String error;
  private boolean counted;
  private @Nullable Double firstByteMs;
  private long asked;
  private long waited;
  private @Nullable Integer promptTokens;
  private @Nullable Integer completionTokens;
  private @Nullable Integer cachedTokens;
  private @Nullable BigDecimal cost;

  Answering(Itinerary plan, ChatRequest request, Reply reply, Clock clock) {
    this.plan = plan;
    this.route = plan.routes().getFirst();
    this.request = request;
    this.reply = reply;
    this.names = AnswerBody.Names.of(route.id(), route.asked());
    this.at = clock.instant();
  }

  /** What goes to the client is kept from now on. */
  RecordedReply record() {
    var recorded = new RecordedReply(reply);
    reply = recorded;
    return recorded;
  }

  KeptAnswer kept(RecordedReply recorded) {
    return new KeptAnswer(recorded.parts(), promptTokens, completionTokens);
  }

  /** Gives an answer again, under this request's id and name. */
  void again(KeptAnswer answer) throws ClientGone {
    promptTokens = answer.promptTokens();
    completionTokens = answer.completionTokens();
    cost = Price.usd(0); // nobody was asked
    firstByteMs = milliseconds();
    var headers = route.headers(plan.rule(), tried);
    headers.put("x-lathe-cache", "hit");
    if (!request.streamed()) {
      reply.whole(headers, renamed(answer.parts().getFirst()));
      return;
    }
    reply.begin(headers);
    for (var part : answer.parts()) {
      reply.event(Events.isDone(part) ? part : renamed(part));
    }
    reply.flush();
  }

  private byte[] renamed(byte[] part) {
    var body = AnswerBody.read(part);
    return body == null ? part : body.named(names);
  }

  /** The request for a local engine, which always tells what it used. */
  byte[] counted(String model) {
    counted = !request.wantsUsage();
    return request.countedForModel(model);
  }

  Route route() {
    return route;
  }

  /** The next target is asked. */
  void towards(Route next) {
    route = next;
    counted = false;
  }

  /** The target that was asked did not answer. */
  void tried(String why) {
    tried.add(route.target().key() + " " + why);
  }

  private Map<String, String> headers(UpstreamAnswer answer) {
    var headers = route.headers(plan.rule(), tried);
    if (!route.target().name().equals(plan.preferred())) {
      headers.put("x-lathe-fallback", "true");
    }
    var ignored = answer.exchange().ignored();
    if (!ignored.isEmpty()) {
      headers.put("x-lathe-ignored", String.join(", ", ignored));
    }
    return headers;
  }

  ChatRequest request() {
    return request;
  }

  /**
   * Passes an answer on.
   *
   * @param who answers, to begin a sentence with
   * @throws IOException when the upstream broke off and nothing has gone to the client
   * @throws WireError when it did not answer, and nothing has gone to the client
   */
  void pass(UpstreamAnswer answer, String who) throws IOException, ClientGone {
    if (answer.status() != 200) {
      throw answer.refusal(who, LONGEST_ERROR);
    }
    if (answer.isStream() != request.streamed()) {
      throw WireError.upstream(
          "upstream_garbage",
          "%s answers %s though %s was asked for. See whether its address is right."
              .formatted(
                  who,
                  request.streamed() ? "as a whole" : "with a stream",
                  request.streamed() ? "a stream" : "a whole"));
    }
    if (request.streamed()) {
      stream(answer, answer.chunks(), who);
    } else {
      whole(answer, who);
    }
  }

  /** Now a target is asked; what passes until its first byte was not spent here. */
  long asks() {
    asked = System.nanoTime();
    return asked;
  }

  private void came() {
    waited += System.nanoTime() - asked;
  }

  /** Of the time to the first byte, what was spent here; null when none came. */
  @Nullable Double addedMs() {
    return firstByteMs == null ? null : Double.valueOf(Math.max(0, firstByteMs - waited / 1e6));
  }

  private void whole(UpstreamAnswer answer, String who) throws IOException, ClientGone {
    var completion = answer.completion(LONGEST);
    came();
    var body = checked(completion, who);
    firstByteMs = milliseconds();
    reply.whole(headers(answer), body.named(names));
  }

  private AnswerBody checked(byte[] body, String who) {
    var answer = AnswerBody.read(body);
    if (answer != null && answer.isError()) {
      throw UpstreamError.inAnswer(who, body);
    }
    if (answer == null || !answer.answers()) {
      throw WireError.upstream(
          "upstream_garbage",
          who + " sent what is no chat completion. See whether its address is right.");
    }
    count(answer);
    return answer;
  }

  private void count(AnswerBody answer) {
    if (answer.promptTokens() != null) {
      promptTokens = answer.promptTokens();
    }
    if (answer.completionTokens() != null) {
      completionTokens = answer.completionTokens();
    }
    if (answer.cachedTokens() != null) {
      cachedTokens = answer.cachedTokens();
    }
  }

  private void stream(UpstreamAnswer answer, Chunks events, String who)
      throws IOException, ClientGone {
    var first = events.next();
    came();
    if (first == null) {
      throw new IOException("the stream ended before its first event");
    }
    var body = checked(first, who); // before the head goes out: an error still has its own status
    firstByteMs = milliseconds();
    reply.begin(headers(answer));
    boolean untold = counted || (answer.exchange().tellsUsage() && !request.asksForUsage());
    reply.event(body.named(names));
    boolean finished = body.finished();
    try {
      while (true) {
        if (!events.hasNext()) {
          reply.flush();
        }
        var data = events.next();
        if (data == null || Events.isDone(data)) {
          if (data == null && !finished) {
            throw new IOException("the stream ended in the middle");
          }
          answer.complete();
          break;
        }
        var event = AnswerBody.read(data);
        if (event == null || event.isError()) {
          throw new IOException(
              event == null ? "an event is no JSON" : UpstreamError.message(data));
        }
        count(event);
        finished |= event.finished();
        if (!(untold && event.onlyUsage())) { // asked for by us and not by the client
          reply.event(event.named(names));
        }
      }
      reply.event(DONE);
    } catch (IOException e) {
      // The first byte has gone, so the stream itself tells.
      // An HTTP client's own words say nothing to whoever reads the stream.
      var why = e.getClass() == IOException.class ? e.getMessage() : "the connection ended";
      error = who + " broke off: " + why;
      reply.event(WireError.upstream("upstream_broke_off", error + ". Ask again.").json());
    }
    reply.flush();
  }

  /** Whether the upstream broke off after its first byte. */
  boolean brokeOff() {
    return status == 200 && error != null;
  }

  void failed(int failedStatus, String message) {
    status = failedStatus;
    error = message;
  }

  private double milliseconds() {
    return (System.nanoTime() - started) / 1e6;
  }

  /** Nanoseconds from a moment of {@link System#nanoTime} to the answer's first byte. */
  double firstByteAt(long asked) {
    var first = firstByteMs;
    return first == null ? 0 : Math.max(0, first * 1e6 - (asked - started));
  }

  List<String> tried() {
    return tried;
  }

  RequestRow row() {
    var arm = route.assignment();
    var local = route.target() instanceof Target.Local l ? l : null;
    var version = local == null ? null : local.version();
    return new RequestRow(
        route.id(),
        at,
        route.asked(),
        route.target().name(),
        local == null ? null : local.alias(),
        version == null ? null : version.version(),
        version == null ? null : version.run(),
        version == null ? null : version.dataset(),
        local == null ? null : local.base(),
        arm == null ? null : arm.experiment(),
        arm == null ? null : Integer.valueOf(arm.phase()),
        arm == null ? null : Integer.valueOf(arm.arm()),
        route.subject(),
        request.streamed(),
        status,
        error,
        firstByteMs,
        milliseconds(),
        promptTokens,
        completionTokens,
        cachedTokens,
        cost,
        route.target() instanceof Target.Remote remote ? remote.provider().name() : null,
        null,
        null);
  }
}
