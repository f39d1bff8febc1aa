package dev.lathe.serving.providers.llama;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.serving.providers.LocalModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Talks to an engine process as any client would. */
record Child(URI address) {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final JsonMapper JSON = JsonMapper.shared();

  /** The tiny base as a model of this name. */
  static LocalModel tiny(Path folder, String id, int contextLength) {
    var base = TinyBase.create(new BaseStore(folder.resolve("bases")));
    return new LocalModel(id, ServedBase.of(base), null, base.folder(), contextLength);
  }

  static EngineSettings settings(int slots, int queue) {
    return new EngineSettings(
        slots,
        queue,
        1,
        4,
        Duration.ZERO,
        Duration.ofSeconds(60),
        Duration.ofSeconds(20),
        3,
        Duration.ofMillis(20),
        Duration.ofSeconds(30),
        1 << 20);
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(address.resolve(path)).GET().build());
  }

  HttpResponse<String> post(String path, String body) {
    return send(
        HttpRequest.newBuilder(address.resolve(path)).POST(BodyPublishers.ofString(body)).build());
  }

  JsonNode json(String path, String body) {
    return JSON.readTree(post(path, body).body());
  }

  JsonNode json(String path) {
    return JSON.readTree(get(path).body());
  }

  JsonNode chat(String body) {
    return json("/v1/chat/completions", body);
  }

  /** What a stream's lines hold, the last {@code [DONE]} left out. */
  static List<JsonNode> events(String body) {
    return body.lines()
        .filter(l -> l.startsWith("data: ") && !l.equals("data: [DONE]"))
        .map(l -> (JsonNode) JSON.readTree(l.substring(6)))
        .toList();
  }

  /** The lines of a stream as they come; closing it is going away. */
  Stream<String> open(String path, String body) {
    try {
      return HTTP.send(
              HttpRequest.newBuilder(address.resolve(path))
                  .POST(BodyPublishers.ofString(body))
                  .build(),
              BodyHandlers.ofLines())
          .body();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static HttpResponse<String> send(HttpRequest request) {
    try {
      return HTTP.send(request, BodyHandlers.ofString());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
