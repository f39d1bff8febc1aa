package dev.lathe.app.owner;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Speaks to the home's owner, and becomes it when there is none. When an owner ends in mid-request,
 * what may be asked twice is asked again, of the next owner or of this process as the next owner.
 */
public final class OwnerClient implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration GLANCE = Duration.ofSeconds(5);
  private static final String DATA = "data:";

  /** Whether a request may be sent again when nobody knows if the first one arrived. */
  public enum Repeat {
    SAFE,
    NEVER
  }

  private final Home home;
  private final HomeServer server;
  private final HttpClient http;
  private @Nullable Ownership ownership;
  private @Nullable OwnerRecord owner;

  public OwnerClient(Home home, HomeServer server) {
    this.home = home;
    this.server = server;
    this.http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(GLANCE).build();
  }

  /** {@code path} begins after {@code /api/}: {@code bases}. */
  public JsonNode get(String path) {
    return attempt(Repeat.SAFE, () -> plain(request(path).GET().build()));
  }

  public JsonNode post(String path, Object body, Repeat repeat) {
    return attempt(repeat, () -> plain(posting(path, body)));
  }

  /** Puts what may be put twice. */
  public JsonNode put(String path, Object body) {
    return attempt(Repeat.SAFE, () -> plain(carrying("PUT", path, body)));
  }

  public JsonNode delete(String path) {
    return attempt(Repeat.NEVER, () -> plain(request(path).DELETE().build()));
  }

  /**
   * Long work: posts, hands every {@code progress} on, returns the {@code result}. Sent again when
   * the owner vanishes, so only for work that continues or finds itself done when it is repeated.
   */
  public JsonNode work(String path, Object body, Consumer<JsonNode> progress) {
    return attempt(
        Repeat.SAFE,
        () ->
            lines(
                posting(path, body),
                line -> {
                  if (line.has("progress")) {
                    progress.accept(line.get("progress"));
                  }
                  return true;
                }));
  }

  /**
   * Follows a stream of records until the owner says it is complete or {@code each} returns false.
   * After the loss of an owner it goes on with the {@code path} supplied then.
   */
  public void follow(Supplier<String> path, Predicate<JsonNode> each) {
    attempt(Repeat.SAFE, () -> lines(request(path.get()).GET().build(), each));
  }

  /**
   * Asks OpenAI's API ({@code v1/chat/completions}) for a stream and hands every event on.
   *
   * @return the answer's headers, by name in lower case
   * @throws ApiError what was answered instead, also when the stream itself tells of it
   */
  public Map<String, String> stream(String path, Object body, Consumer<JsonNode> event) {
    var headers = new TreeMap<String, String>();
    attempt(
        Repeat.NEVER,
        () -> {
          var response = http.send(openAi(path, body), HttpResponse.BodyHandlers.ofInputStream());
          response.headers().map().forEach((name, v) -> headers.put(name, v.getFirst()));
          events(response, event);
          return JsonMapper.shared().nullNode();
        });
    return headers;
  }

  private HttpRequest openAi(String path, Object body) {
    var owner = owner();
    return HttpRequest.newBuilder(URI.create(owner.address() + "/" + path))
        .header("Authorization", "Bearer " + owner.token())
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofByteArray(JsonMapper.shared().writeValueAsBytes(body)))
        .build();
  }

  private static void events(HttpResponse<InputStream> response, Consumer<JsonNode> event)
      throws IOException {
    try (InputStream in = response.body()) {
      if (response.statusCode() >= 300) {
        throw ApiError.of(response.statusCode(), parse(in.readAllBytes()).path("error"));
      }
      var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        if (!text.startsWith(DATA)) {
          continue;
        }
        var data = text.substring(DATA.length()).strip();
        if (data.equals("[DONE]")) {
          return;
        }
        var json = parse(data.getBytes(StandardCharsets.UTF_8));
        if (json.has("error")) {
          throw ApiError.of(502, json.get("error"));
        }
        event.accept(json);
      }
      throw new IOException("the answer broke off");
    }
  }

  /** The owner this client speaks to; it looks for one, or becomes it, if need be. */
  public OwnerRecord owner() {
    var known = owner;
    if (known == null) {
      known = settle();
      owner = known;
    }
    return known;
  }

  /** Whether this process is the owner. */
  public boolean owns() {
    owner();
    return ownership != null;
  }

  /** Gives the home back if this process owns it, after the work that others asked of it. */
  @Override
  public void close() {
    var mine = ownership;
    if (mine != null) {
      mine.drain();
      mine.close();
    }
    http.shutdownNow();
  }

  private OwnerRecord settle() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      var found = OwnerRecord.read(home.record()).filter(OwnerRecord::isAlive);
      if (found.isPresent() && answers(found.get())) {
        return found.get();
      }
      Optional<Ownership> mine = Ownership.take(home, server, 0);
      if (mine.isPresent()) {
        var taken = mine.get();
        ownership = taken;
        Runtime.getRuntime().addShutdownHook(new Thread(taken::close, "give the home back"));
        return taken.record();
      }
      if (System.nanoTime() > deadline) {
        throw new ApiError(
            500,
            "another process holds the home but does not answer",
            home.folder().toString(),
            "See who has " + home.lock() + " open (lsof), and the log " + home.log() + ".");
      }
      pause();
    }
  }

  private boolean answers(OwnerRecord candidate) {
    try {
      var request = request(candidate, "health").timeout(GLANCE).GET().build();
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  @FunctionalInterface
  private interface Call {
    JsonNode go() throws IOException, InterruptedException;
  }

  private JsonNode attempt(Repeat repeat, Call call) {
    for (int again = 0; ; again++) {
      try {
        owner();
        return call.go();
      } catch (IOException e) {
        boolean neverArrived = e instanceof ConnectException;
        if (ownership != null || again == 20 || !(neverArrived || repeat == Repeat.SAFE)) {
          throw new OwnerLost(e);
        }
        owner = null;
        pause();
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  private JsonNode plain(HttpRequest request) throws IOException, InterruptedException {
    var response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    if (response.statusCode() >= 300) {
      throw refused(response.statusCode(), response.body());
    }
    return parse(response.body());
  }

  /** Reads to the line that says how it ended; a stream without one lost its owner. */
  private JsonNode lines(HttpRequest request, Predicate<JsonNode> each)
      throws IOException, InterruptedException {
    var response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      if (response.statusCode() >= 300) {
        throw refused(response.statusCode(), body.readAllBytes());
      }
      var reader = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        if (text.isBlank()) {
          continue; // a sign of life
        }
        var line = parse(text.getBytes(StandardCharsets.UTF_8));
        if (line.has("error") && line.size() == 1) {
          var error = line.get("error");
          throw ApiError.of(error.path("status").asInt(500), error);
        }
        if (line.has("result") && line.size() == 1) {
          return line.get("result");
        }
        if (!each.test(line)) {
          return line;
        }
      }
      throw new IOException("the answer broke off");
    }
  }

  /** What the web server itself refuses, before the API sees it, is answered without JSON. */
  private static ApiError refused(int status, byte[] body) throws IOException {
    try {
      return ApiError.of(status, parse(body).path("error"));
    } catch (IOException e) {
      if (status >= 500) {
        throw e; // a server on its way down: the next owner answers
      }
      return new ApiError(
          status, "the request is not understood", null, "Look at what was given for names.");
    }
  }

  private static JsonNode parse(byte[] json) throws IOException {
    try {
      return JsonMapper.shared().readTree(json);
    } catch (tools.jackson.core.JacksonException e) {
      throw new IOException("no JSON came back", e);
    }
  }

  private HttpRequest posting(String path, Object body) {
    return carrying("POST", path, body);
  }

  private HttpRequest carrying(String method, String path, Object body) {
    var bytes = JsonMapper.shared().writeValueAsBytes(body);
    return request(path)
        .header("Content-Type", "application/json")
        .method(method, HttpRequest.BodyPublishers.ofByteArray(bytes))
        .build();
  }

  private HttpRequest.Builder request(String path) {
    return request(owner(), path);
  }

  private static HttpRequest.Builder request(OwnerRecord owner, String path) {
    return HttpRequest.newBuilder(URI.create(owner.address() + "/api/" + path))
        .header("Authorization", "Bearer " + owner.token());
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted while waiting for the owner of the home", e);
  }
}
