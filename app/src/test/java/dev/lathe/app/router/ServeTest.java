package dev.lathe.app.router;

import static dev.lathe.app.router.ServedHome.body;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.owner.OwnerProcess;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./lathe serve} and {@code ./lathe chat} as processes. */
@Timeout(240)
class ServeTest {
  @TempDir Path folder;
  private StandInUpstream upstream;

  @BeforeEach
  void start() throws Exception {
    upstream = StandInUpstream.start();
  }

  @AfterEach
  void stop() throws Exception {
    upstream.close();
  }

  private record Ended(int status, String out, String err) {}

  private Ended run(String... arguments) throws Exception {
    try (var started = OwnerProcess.start(folder.resolve("home"), arguments)) {
      var process = started.process();
      process.outputWriter().close();
      var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      var err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Ended(process.exitValue(), out, err);
    }
  }

  private Path config(String yaml) throws Exception {
    return Files.writeString(folder.resolve("given.yaml"), yaml);
  }

  private OwnerProcess serve() throws Exception {
    return OwnerProcess.start(
        folder.resolve("home"),
        "serve",
        "--port",
        "0",
        "--config",
        config(ServedHome.lab(upstream)).toString());
  }

  /** {@code serving HOME at ADDRESS}. */
  private static URI address(OwnerProcess serving) throws Exception {
    var line = serving.process().inputReader().readLine();
    return URI.create(line.substring(line.lastIndexOf(' ') + 1));
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  @Test
  void sigtermFinishesTheAnswersUnderWayAndThenEndsTheServer() throws Exception {
    try (var serving = serve();
        var http = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create(address(serving) + "/v1/chat/completions"))
              .POST(HttpRequest.BodyPublishers.ofString(body("lab:slow", "")))
              .build();
      var answer = http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
      while (upstream.asked.isEmpty()) {
        Thread.sleep(10);
      }
      serving.process().destroy(); // SIGTERM
      assertThat(answer.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(serving.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(folder.resolve("home/owner.json")).doesNotExist();
    // What it answered is in the log that the next owner finds.
    assertThat(run("runs", "list", "--json").status()).isZero();
  }

  @Test
  void chatGoesThroughTheServerThatRuns() throws Exception {
    try (var serving = serve()) {
      address(serving);
      var plain = run("chat", "lab:instant", "hello");
      assertThat(plain.err()).isEmpty();
      assertThat(plain.out()).isEqualTo("one two three four five \n");
      var told = json(run("chat", "lab:instant", "hello", "--json", "--user", "ann").out());
      assertThat(told.path("answer").asString()).isEqualTo("one two three four five ");
      assertThat(told.path("route").asString()).isEqualTo("lab:instant");
      assertThat(told.path("id").asString()).startsWith("chatcmpl-");
      assertThat(told.path("finishReason").asString()).isEqualTo("stop");
      assertThat(told.path("usage").path("completion_tokens").asInt()).isEqualTo(5);
      var wrong = run("chat", "lba:instant", "hello");
      assertThat(wrong.status()).isEqualTo(2);
      assertThat(wrong.err()).contains("Did you mean 'lab:instant'?");
      assertThat(run("chat", "lab:instant", "x", "--temperature", "9").status()).isEqualTo(2);
      assertThat(run("chat", "down:any", "x").status()).isEqualTo(1);
    }
  }

  @Test
  void withoutAServerChatOwnsTheHomeAndReadsItsOwnConfiguration() throws Exception {
    var home = Files.createDirectories(folder.resolve("home"));
    Files.writeString(home.resolve("lathe.yaml"), ServedHome.lab(upstream));
    assertThat(run("chat", "lab:instant", "hello").out()).isEqualTo("one two three four five \n");
    Files.writeString(home.resolve("lathe.yaml"), "provders: {}");
    var chat = run("chat", "lab:instant", "hello");
    assertThat(chat.status()).isEqualTo(1);
    assertThat(chat.err()).contains("Did you mean 'providers'?");
    assertThat(run("runs", "list", "--json").status()).as("other commands go on").isZero();
  }

  @Test
  void aPortThatIsTakenEndsWithTwoAndARemedy() throws Exception {
    try (var taken = new ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))) {
      var ended = run("serve", "--port", Integer.toString(taken.getLocalPort()));
      assertThat(ended.status()).as(ended.err()).isEqualTo(2);
      assertThat(ended.err()).contains("the port is taken", "--port");
    }
    assertThat(folder.resolve("home/owner.json")).doesNotExist();
  }

  @Test
  void aConfigurationThatIsWrongEndsWithTwoAndEveryProblem() throws Exception {
    var file = config("providers: {lab: {type: opnai, baseURL: x}}\nserverr: {}\n");
    var ended = run("serve", "--port", "0", "--config", file.toString());
    assertThat(ended.status()).as(ended.err()).isEqualTo(2);
    assertThat(ended.err())
        .contains("Did you mean 'server'?", "Did you mean 'baseUrl'?", "'opnai' is unknown");
  }
}
