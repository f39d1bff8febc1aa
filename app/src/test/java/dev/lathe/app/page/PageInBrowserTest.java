package dev.lathe.app.page;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.lathe.app.api.ApiServer;
import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The page in Chromium, beside a run that trains. */
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PageInBrowserTest {
  private static final String TOKEN = "0123456789abcdef";
  private static final String SHORT = "20261121-1001-dddd";
  private static final String HOSTILE = "<img src=x onerror=\"window.broken=1\">";
  private static final Pattern NAMELESS =
      Pattern.compile("(?m)^\\s*- (button|checkbox|radio|slider|link|img|progressbar)(?! \").*$");

  @TempDir static Path folder;
  private static HomeServer.Running server;
  private static Process training;
  private static Playwright playwright;
  private static Browser browser;

  private final List<String> complaints = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    var chromium = Path.of(System.getenv().getOrDefault("LATHE_CHROMIUM", "/usr/bin/chromium"));
    if (!Files.isExecutable(chromium)) {
      System.err.println("PageInBrowserTest is skipped: there is no browser at " + chromium);
    }
    assumeTrue(Files.isExecutable(chromium), "no browser at " + chromium);
    var runs = folder.resolve("runs");
    WrittenRun.completed(runs, "20261121-1100-aaaa", "support", 300);
    WrittenRun.completed(runs, "20261121-1101-bbbb", HOSTILE, 200);
    WrittenRun.completed(runs, SHORT, "short", 2);
    WrittenRun.completed(runs, "20261121-1000-eeee", "short", 2);
    training = GrowingRun.start(WrittenRun.create(runs, "20261121-1200-cccc", "triage"));
    server = new ApiServer().start(new Home(folder), new Door(TOKEN, 0, true, null));
    PlaywrightAssertions.setDefaultAssertionTimeout(30_000); // the machine may be busy
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(chromium)
                    .setArgs(List.of("--no-sandbox")));
  }

  @AfterAll
  static void stop() {
    if (playwright != null) {
      playwright.close();
    }
    if (server != null) {
      server.close();
    }
    if (training != null) {
      training.destroyForcibly();
    }
  }

  @AfterEach
  void nothingWasComplainedOf() {
    assertThat(complaints).isEmpty();
  }

  private Page open(int width, ColorScheme scheme, String address) {
    var context =
        browser.newContext(
            new Browser.NewContextOptions().setViewportSize(width, 900).setColorScheme(scheme));
    var page = context.newPage();
    page.onConsoleMessage(
        m -> {
          if (m.type().equals("error") || m.type().equals("warning")) {
            complaints.add(m.text() + " " + m.location());
          }
        });
    page.onPageError(complaints::add);
    page.navigate(server.address() + address);
    assertThat(page.locator(".run-list li")).hasCount(width < 960 ? 4 : 5);
    return page;
  }

  private Page open() {
    return open(1280, ColorScheme.LIGHT, "/");
  }

  /** Points of the first line of the loss chart, as they are drawn. */
  private static int points(Page page) {
    return ((Number)
            page.evaluate(
                "document.querySelector('.loss lathe-chart').lines[0]?.layers[0].points.length ?? 0"))
        .intValue();
  }

  private static void drawn(Page page) {
    page.waitForFunction(
        "() => { const c = document.querySelector('.loss canvas'); if (!c) return false;"
            + " const copy = new OffscreenCanvas(c.width, c.height)"
            + ".getContext('2d', {willReadFrequently: true}); copy.drawImage(c, 0, 0);"
            + " const d = copy.getImageData(0, 0, c.width, c.height).data;"
            + " let n = 0; for (let i = 0; i < d.length; i += 4)"
            + " if (d[i + 3] > 0 && Math.max(d[i], d[i + 1], d[i + 2])"
            + " - Math.min(d[i], d[i + 1], d[i + 2]) > 60) n++;"
            + " return n > 200; }");
  }

  private static Locator button(Page page, String name) {
    return page.getByRole(
        AriaRole.BUTTON, new Page.GetByRoleOptions().setName(Pattern.compile("^" + name)));
  }

  @Test
  void theCurveOfARunThatTrainsAppearsAndGrows() {
    var page = open();
    assertThat(page.locator(".connection")).hasText("live");
    drawn(page);
    assertThat(page.locator(".loss lathe-chart [role=img]"))
        .hasAttribute("aria-label", Pattern.compile("Loss of triage over steps.*"));
    int before = points(page);
    page.waitForFunction(
        "n => document.querySelector('.loss lathe-chart').lines[0].layers[0].points.length > n + 20",
        before);
    assertThat(page.locator("lathe-run .eta")).containsText("left");
    page.context().close();
  }

  @Test
  void runsAreLaidOverEachOtherAndWhatDiffersIsTold() {
    var page = open();
    page.getByLabel(Pattern.compile("Show the curves of support.*")).check();
    assertThat(page.locator(".loss lathe-chart [role=img]"))
        .hasAttribute("aria-label", Pattern.compile("Loss of triage, support .*"));
    page.waitForFunction("() => document.querySelector('.loss lathe-chart').lines.length === 2");
    assertThat(page.locator(".differences")).containsText("Nothing");
    assertThat(page.url()).contains("20261121-1200-cccc,20261121-1100-aaaa");
    page.getByLabel("Tokens", new Page.GetByLabelOptions().setExact(true)).check();
    page.waitForFunction(
        "() => document.querySelector('.loss lathe-chart').lines[1].layers[0].points.at(-1)[0] === 300000");
    page.context().close();
  }

  @Test
  void namesThatUsersGiveAreTextAndNothingElse() {
    var page = open();
    assertThat(page.locator(".run-list .name").filter(hostile())).hasCount(1);
    page.locator(".run-list .pick").filter(hostile()).click();
    assertThat(page.locator("lathe-run h3")).containsText(HOSTILE);
    drawn(page);
    page.locator(".loss .canvas").hover();
    assertThat(page.locator(".read-out")).containsText(HOSTILE);
    assertThat(page.evaluate("window.broken ?? null")).isNull();
    assertThat(page.locator("img")).hasCount(0);
    page.context().close();
  }

  private static Locator.FilterOptions hostile() {
    return new Locator.FilterOptions().setHasText(HOSTILE);
  }

  @Test
  void itFollowsTheSystemsColoursAndTheSwitch() {
    var dark = open(1280, ColorScheme.DARK, "/");
    var night = dark.evaluate("getComputedStyle(document.body).backgroundColor");
    dark.getByLabel("Light", new Page.GetByLabelOptions().setExact(true)).check();
    var day = dark.evaluate("getComputedStyle(document.body).backgroundColor");
    assertThat(day).isNotEqualTo(night);
    dark.reload();
    assertThat(dark.evaluate("getComputedStyle(document.body).backgroundColor")).isEqualTo(day);
    drawn(dark);
    dark.context().close();
  }

  @Test
  void aTelephoneShowsItWithoutScrollingSideways() {
    var page = open(390, ColorScheme.LIGHT, "/");
    drawn(page);
    assertThat((Boolean) page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
        .isTrue();
    button(page, "Show all 5 runs").click();
    assertThat(page.locator(".run-list li")).hasCount(5);
    page.context().close();
  }

  /** What is written on a chart, which is a picture to everybody but its library. */
  private static List<String> written(Page page, String canvas) {
    var texts =
        page.evaluate(
            "async canvas => (await import('echarts')).getInstanceByDom("
                + "document.querySelector(canvas)).getZr().storage.getDisplayList()"
                + ".map(d => d.style?.text).filter(Boolean)",
            canvas);
    return ((List<?>) texts).stream().map(Object::toString).toList();
  }

  @Test
  void theAxesOfAShortRunSayNothingTwice() {
    var page = open(1280, ColorScheme.LIGHT, "/?runs=" + SHORT);
    drawn(page);
    page.waitForFunction(
        "() => [...document.querySelectorAll('.panel lathe-chart')]"
            + ".every(c => c.lines[0]?.layers[0].points.length === 2)");
    page.waitForTimeout(100); // the panels draw a frame after they got their lines
    for (var chart : List.of(".loss .canvas", ".panel:nth-child(2) .canvas")) {
      assertThat(written(page, chart))
          .as(chart)
          .contains("1", "2")
          .doesNotHaveDuplicates()
          .hasSizeGreaterThan(4);
    }
    assertThat(page.locator(".slider output")).hasText("off");
    page.context().close();
  }

  /** Answers a request for JSON in the server's place. */
  private static void answer(Page page, String address, String json) {
    page.route(
        server.address() + "/api/" + address,
        route ->
            route.fulfill(
                new Route.FulfillOptions().setContentType("application/json").setBody(json)));
  }

  @Test
  void theVersionsOfAModelThatIsNotLookedAtAreCountedAndUnfolded() {
    var page = open();
    answer(page, "models/*/history", "{\"items\":[]}");
    answer(page, "audit?model=*", "{\"items\":[]}");
    var models = new ArrayList<String>();
    for (var name : List.of("desk", "topic")) {
      int many = name.equals("desk") ? 1 : 3;
      models.add(
          """
          {"name":"%s","versions":%d,"latest":"%s@%d","createdAt":"2026-11-2%dT12:00:00Z",
           "aliases":{},"guarded":[]}"""
              .formatted(name, many, name, many, 4 - many));
      var versions = new ArrayList<String>();
      for (int i = many; i > 0; i--) {
        versions.add(
            """
            {"version":"%s@%d","aliases":[],"run":"r","dataset":"d@1","base":"tiny","files":[],
             "sources":[],"recipe":{},"metrics":{"evalLoss":2.5},"createdAt":"2026-11-21T12:00:00Z"}"""
                .formatted(name, i));
      }
      answer(page, "models/" + name + "/versions", "{\"items\":" + versions + "}");
    }
    answer(page, "models", "{\"items\":" + models + "}");
    page.reload();
    var topic = page.getByLabel("Versions of topic").locator("li");
    assertThat(topic).hasCount(1);
    assertThat(topic.locator(".loss")).hasText("2.500");
    button(page, "2 more versions of topic").click();
    assertThat(topic).hasCount(3);
    button(page, "Fewer versions of topic").click();
    assertThat(topic).hasCount(1);
    button(page, "topic@3").click();
    assertThat(topic).hasCount(3);
    page.context().close();
  }

  @Test
  void anEarlierPhaseOfAnExperimentIsShownWhenTheLastHasNoAnswers() {
    var page = open();
    answer(page, "experiments", "{\"items\":[" + phase(2, 0) + "]}");
    answer(page, "experiments/voice", phase(2, 0));
    answer(page, "experiments/voice?phase=1", phase(1, 15));
    page.reload();
    var voice = page.getByLabel("Experiment voice");
    assertThat(voice.locator(".phase-note")).containsText("Phase 1 has 30 answers");
    button(page, "Show phase 1 of voice").click();
    assertThat(voice.getByLabel("Phase 1 of voice", exactly())).isChecked();
    assertThat(voice.locator("td[data-name=answers]").first()).hasText("15");
    assertThat(voice.locator(".phase-note")).hasCount(0);
    voice.getByLabel("Phase 2 of voice", exactly()).check();
    assertThat(voice.locator("td[data-name=answers]").first()).hasText("0");
    page.context().close();
  }

  private static Locator.GetByLabelOptions exactly() {
    return new Locator.GetByLabelOptions().setExact(true);
  }

  private static String phase(int phase, int answers) {
    var arm = "{\"target\":\"%s\",\"weight\":1,\"subjects\":1,\"exposures\":%d,\"feedback\":0}";
    return """
        {"id":"voice","state":"running","phase":%d,"phases":2,"startedAt":"2026-11-21T12:00:00Z",
         "phaseStartedAt":"2026-11-21T12:00:00Z","verdict":"too early","arms":[%s,%s]}"""
        .formatted(phase, arm.formatted("a", answers), arm.formatted("b", answers));
  }

  @Test
  void everyControlHasANameAndTheCurveCanBeReadByKeyboard() {
    var page = open();
    drawn(page);
    var nameless = NAMELESS.matcher(page.locator("body").ariaSnapshot());
    assertThat(nameless.results().map(r -> r.group().strip())).isEmpty();
    page.locator(".loss .canvas").focus();
    page.keyboard().press("ArrowRight");
    page.keyboard().press("ArrowRight");
    assertThat(page.locator(".loss lathe-chart .unseen"))
        .hasText(Pattern.compile("step \\d.*: triage [\\d.]+.*"));
    page.context().close();
  }

  @Test
  void nothingJumpsWhileThePageFillsItself() {
    var page = open(1280, ColorScheme.LIGHT, "/?x=1");
    drawn(page);
    page.waitForTimeout(800);
    var shifts =
        (List<?>)
            page.evaluate(
                "() => new Promise(done => { new PerformanceObserver(list => { const all ="
                    + " list.getEntries(); done([all.reduce((sum, e) => sum + e.value, 0),"
                    + " all.flatMap(e => e.sources.map(s => [s.node?.localName, s.node?.className,"
                    + " s.previousRect.y, s.currentRect.y].join(' '))).join('; ')]); })"
                    + ".observe({type: 'layout-shift', buffered: true});"
                    + " setTimeout(() => done([0, '']), 500); })");
    assertThat(((Number) shifts.get(0)).doubleValue())
        .as("what moved: " + shifts.get(1))
        .isLessThan(0.05);
    page.context().close();
  }

  /** Last, because the others watch it train. */
  @Test
  @Order(Integer.MAX_VALUE)
  void aRunIsStoppedFromTheKeyboard() throws Exception {
    var runs = folder.resolve("runs");
    assertThat(training.isAlive()).isTrue();
    var page = open(1280, ColorScheme.LIGHT, "/?runs=20261121-1200-cccc");
    var stop = button(page, "Stop run 20261121-1200-cccc");
    assertThat(stop).isEnabled();
    stop.focus();
    page.keyboard().press("Enter");
    assertThat(page.locator("lathe-run .run-head .state")).hasText("stopped");
    assertThat(button(page, "Resume run 20261121-1200-cccc")).isEnabled();
    assertThat(training.waitFor()).isZero();
    assertThat(runs.resolve("20261121-1200-cccc/control/stop")).doesNotExist();
    page.context().close();
  }
}
