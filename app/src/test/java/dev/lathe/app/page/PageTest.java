package dev.lathe.app.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The page's files and the streams behind it, without a browser. */
class PageTest {
  private static final String TOKEN = "0123456789abcdef";
  private static final Pattern IMPORT =
      Pattern.compile(
          "(?:import|export)\\s*\\(?(?:[\\w*{}\\s,$]+from\\s*)?[\"']([^\"']+)[\"']\\)?");

  @TempDir static Path folder;
  private static HomeServer.Running server;
  private static final HttpClient http = HttpClient.newHttpClient();

  @BeforeAll
  static void start() {
    WrittenRun.completed(folder.resolve("runs"), "20261121-1200-aaaa", "support", 3000);
    server = new ApiServer().start(new Home(folder), TOKEN, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
    http.close();
  }

  private static HttpResponse<String> get(String path, String... headers) throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create(server.address() + path))
            .header("Authorization", "Bearer " + TOKEN);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void everyModuleThatThePageImportsIsServedHere() throws Exception {
    var page = get("/");
    assertThat(page.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
    var map = importMap(page.body());
    var wanted = new ArrayDeque<>(Set.of("/page/main.js", "/theme.js", "/page.css", "/icon.svg"));
    var seen = new LinkedHashSet<String>();
    while (!wanted.isEmpty()) {
      var path = wanted.poll();
      if (!seen.add(path)) {
        continue;
      }
      var file = get(path);
      assertThat(file.statusCode()).as(path).isEqualTo(200);
      if (path.endsWith(".js")) {
        assertThat(file.headers().firstValue("Content-Type").orElse(""))
            .as(path)
            .startsWith("text/javascript");
      }
      if (path.startsWith("/lib/echarts/")) {
        continue; // a bundle that imports nothing
      }
      var imports = IMPORT.matcher(file.body());
      while (path.endsWith(".js") && imports.find()) {
        wanted.add(resolve(imports.group(1), path, map));
      }
    }
    assertThat(seen)
        .contains("/lib/lit-html/lit-html.js", "/lib/echarts/dist/echarts.esm.min.js")
        .hasSizeGreaterThan(15);
  }

  @Test
  void theBrowserIsToldToRunOnlyWhatIsServedHere() throws Exception {
    var page = get("/");
    var policy = page.headers().firstValue("Content-Security-Policy").orElse("");
    assertThat(policy)
        .contains("default-src 'none'", "frame-ancestors 'none'", "sha256-")
        .doesNotContain("unsafe");
    assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    assertThat(page.body()).doesNotContain("http://", "https://", "style=", "onclick");
  }

  @Test
  void severalCurvesComeThinnedInOneAnswer() throws Exception {
    var answer =
        JsonMapper.shared()
            .readTree(
                get("/api/runs/aaaa/curves?names=loss&names=evalLoss&names=none&points=200")
                    .body());
    var loss = answer.path("curves").path("loss");
    assertThat(loss.path("points").size()).isBetween(100, 210);
    assertThat(loss.path("points").get(0).get(0).asInt()).isEqualTo(1);
    long counted = 0;
    for (var mean : loss.path("means")) {
      counted += mean.get(2).asLong();
    }
    assertThat(counted).isEqualTo(3000);
    assertThat(answer.path("curves").path("evalLoss").path("points").size()).isEqualTo(2);
    assertThat(answer.path("curves").path("evalLoss").path("means").size()).isZero();
    assertThat(answer.path("curves").has("none")).isFalse();
    assertThat(get("/api/runs/aaaa/curves?names=loss&points=1").statusCode()).isEqualTo(400);
  }

  @Test
  void aReaderThatComesBackIsToldOnlyWhatItMissed() throws Exception {
    var all = get("/api/runs/aaaa/live");
    assertThat(all.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
    assertThat(all.body().lines().filter("event: record"::equals).count()).isEqualTo(3004);
    assertThat(all.body()).contains("event: end").contains("\"state\":\"completed\"");

    var rest = get("/api/runs/aaaa/live", "Last-Event-ID", "3002").body();
    assertThat(rest).contains("id: 3003", "id: 3004", "event: end").doesNotContain("id: 3002\n");
  }

  @Test
  void aReaderOfAJournalThatIsNoLongerTheSameIsToldAllAnew() throws Exception {
    var told = get("/api/runs/aaaa/live?after=99999").body();
    assertThat(told).contains("event: reset").contains("id: 1\n").contains("event: end");
  }

  private static Map<String, String> importMap(String page) {
    var text = page.substring(page.indexOf("importmap\">") + 11);
    var map = new HashMap<String, String>();
    JsonMapper.shared()
        .readTree(text.substring(0, text.indexOf("</script>")))
        .path("imports")
        .properties()
        .forEach(e -> map.put(e.getKey(), e.getValue().asString()));
    return map;
  }

  private static String resolve(String specifier, String from, Map<String, String> map) {
    if (specifier.startsWith("/") || specifier.startsWith(".")) {
      return URI.create(from).resolve(specifier).toString();
    }
    return map.entrySet().stream()
        .filter(
            e ->
                e.getKey().endsWith("/")
                    ? specifier.startsWith(e.getKey())
                    : specifier.equals(e.getKey()))
        .map(e -> e.getValue() + specifier.substring(e.getKey().length()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no import map entry for " + specifier));
  }
}
