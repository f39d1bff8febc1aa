package dev.lathe.app.router;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A home served as {@code ./lathe serve} does, and a client of it. */
record ServedHome(HomeServer.Running server, HttpClient http) implements AutoCloseable {
  static ServedHome start(Path folder, String yaml) throws IOException {
    var file = Files.writeString(Files.createDirectories(folder).resolve("given.yaml"), yaml);
    var server = new ApiServer().start(new Home(folder), new Door("t0ken", 0, true, file));
    return new ServedHome(server, HttpClient.newHttpClient());
  }

  /** One provider, {@code lab}. */
  static String lab(StandInUpstream upstream) {
    return """
    server: {maxBodyMiB: 1, drainSeconds: 5}
    providers:
      lab: {type: openai, baseUrl: "%s/v1", apiKey: k3y, models: [instant, "org/big"], timeoutSeconds: 3}
      down: {type: openai, baseUrl: "http://127.0.0.1:9/v1"}
    """
        .formatted(upstream.root());
  }

  static String body(String model, String more) {
    return "{\"model\":\""
        + model
        + "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
        + more
        + "}";
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server.address() + path));
  }

  HttpResponse<String> get(String path) throws Exception {
    return http.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> post(String body) throws Exception {
    return http.send(chat(body).build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpRequest.Builder chat(String body) {
    return request("/v1/chat/completions")
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body));
  }

  HttpResponse<String> ask(String model) throws Exception {
    return post(body(model, ""));
  }

  HttpResponse<String> stream(String model) throws Exception {
    return post(body(model, ",\"stream\":true"));
  }

  static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }

  static JsonNode error(HttpResponse<String> response) {
    return json(response).path("error");
  }

  @Override
  public void close() {
    http.close();
    server.close();
  }
}
