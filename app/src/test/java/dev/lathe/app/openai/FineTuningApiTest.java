package dev.lathe.app.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files and jobs from outside, with a real run process on the tiny base. */
class FineTuningApiTest {
  @TempDir static Path folder;

  private final HttpClient http = HttpClient.newHttpClient();

  @BeforeAll
  static void aBase() throws IOException {
    TinyBase.create(new BaseStore(folder.resolve("bases")));
    Files.writeString(folder.resolve("given.yaml"), "server: {maxFileMiB: 0.01}");
  }

  private static HomeServer.Running serve() {
    return new ApiServer()
        .start(new Home(folder), new Door("t0ken", 0, true, folder.resolve("given.yaml")));
  }

  private record Answer(int status, JsonNode body) {
    JsonNode error() {
      return body.path("error");
    }

    String text(String field) {
      return body.path(field).asString("");
    }
  }

  private Answer ask(HttpRequest.Builder request) throws Exception {
    var answer = http.send(request.build(), BodyHandlers.ofString());
    return new Answer(answer.statusCode(), JsonMapper.shared().readTree(answer.body()));
  }

  private static HttpRequest.Builder to(HomeServer.Running server, String path) {
    return HttpRequest.newBuilder(URI.create(server.address() + "/v1/" + path));
  }

  private Answer get(HomeServer.Running server, String path) throws Exception {
    return ask(to(server, path));
  }

  private Answer upload(HomeServer.Running server, String purpose, String content)
      throws Exception {
    var body =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n"
            + content
            + "\r\n--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
            + purpose
            + "\r\n--b--\r\n";
    return ask(
        to(server, "files")
            .header("Content-Type", "multipart/form-data; boundary=b")
            .POST(BodyPublishers.ofString(body)));
  }

  private Answer job(HomeServer.Running server, String file, String more) throws Exception {
    var body = "{\"model\":\"tiny\",\"training_file\":\"%s\"%s}".formatted(file, more);
    return ask(to(server, "fine_tuning/jobs").POST(BodyPublishers.ofString(body)));
  }

  private Answer ended(HomeServer.Running server, String id) throws Exception {
    long end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
    while (true) {
      var job = get(server, "fine_tuning/jobs/" + id);
      if (List.of("succeeded", "failed", "cancelled").contains(job.text("status"))
          || System.nanoTime() > end) {
        return job;
      }
      Thread.sleep(50);
    }
  }

  private static String chats() {
    return IntStream.range(0, 12)
        .mapToObj(
            i ->
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Where is %d?\"},{\"role\":\"assistant\",\"content\":\"Here is %d.\"}]}"
                    .formatted(i, i))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void aJobThatAServerLeftIsDoneByTheNextAndItsModelIsThere() throws Exception {
    String file;
    String id;
    String broken;
    try (var first = serve()) {
      file = upload(first, "fine-tune", chats()).text("id");
      broken = upload(first, "fine-tune", "{\"messages\":[]}").text("id");
      var made = job(first, file, ",\"suffix\":\"Desk\",\"recipe\":{\"steps\":3}");
      assertThat(made.status()).isEqualTo(200);
      assertThat(made.text("status")).isEqualTo("validating_files");
      id = made.text("id");
    }
    try (var next = serve()) {
      assertThat(get(next, "files/" + file).text("filename")).isEqualTo("a.jsonl");
      var failed = ended(next, job(next, broken, "").text("id"));
      assertThat(failed.text("status")).isEqualTo("failed");
      assertThat(failed.error().path("message").asString()).contains("line 1");

      var done = ended(next, id);
      assertThat(done.text("status")).as("%s", done).isEqualTo("succeeded");
      var model = done.text("fine_tuned_model");
      assertThat(model).matches("ft-tiny-desk-[a-z0-9]{8}@1");
      assertThat(get(next, "models/" + model).text("id")).isEqualTo(model);
      assertThat(done.body().path("trained_tokens").asLong()).isPositive();
      assertThat(done.body().path("result_files").size()).isEqualTo(1);
      assertThat(messages(next, id))
          .containsSubsequence(
              "The job has successfully completed",
              "Fine-tuning job started",
              "Created fine-tuning job: " + id);
      var checkpoints = get(next, "fine_tuning/jobs/" + id + "/checkpoints").body().path("data");
      assertThat(checkpoints.get(0).path("step_number").asInt()).isEqualTo(3);
      refusals(next, file, id);
    }
  }

  private List<String> messages(HomeServer.Running server, String id) throws Exception {
    var told = new ArrayList<String>();
    get(server, "fine_tuning/jobs/" + id + "/events?limit=100")
        .body()
        .path("data")
        .forEach(e -> told.add(e.path("message").asString()));
    return told;
  }

  private void refusals(HomeServer.Running server, String file, String id) throws Exception {
    refused(job(server, "file-nothing", ""), 400, "training_file");
    refused(job(server, file, ",\"model\":\"gpt-9\""), 400, "model");
    refused(job(server, file, ",\"epochs\":3"), 400, "epochs");
    refused(upload(server, "lunch", chats()), 400, "purpose");
    refused(upload(server, "fine-tune", "[]"), 400, "file");
    refused(upload(server, "user_data", "x".repeat(11_000)), 413, "file");
    refused(get(server, "files/file-nothing"), 404, "id");
    refused(get(server, "fine_tuning/jobs/ftjob-nothing"), 404, "fine_tuning_job_id");
    refused(get(server, "fine_tuning/jobs?limit=x"), 400, "limit");
    refused(
        ask(to(server, "fine_tuning/jobs/" + id + "/cancel").POST(BodyPublishers.noBody())),
        400,
        "fine_tuning_job_id");
    refused(ask(to(server, "models/tiny").DELETE()), 403, "model");
  }

  private static void refused(Answer answer, int status, String param) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.error().path("param").asString()).isEqualTo(param);
    assertThat(answer.error().path("message").asString()).isNotBlank();
  }
}
