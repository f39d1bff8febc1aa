package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.Release;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.providers.llama.LlamaEngines;
import dev.lathe.serving.providers.llama.LoadedEngine;
import dev.lathe.serving.routing.Standings;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Says that the owner answers, and for which home. */
@RestController
@RequestMapping("/api/health")
class HealthApi {
  private final Home home;
  private final LlamaEngines engines;
  private final RequestLog requests;
  private final Standings standings;

  HealthApi(Home home, LlamaEngines engines, RequestLog requests, Standings standings) {
    this.home = home;
    this.engines = engines;
    this.requests = requests;
    this.standings = standings;
  }

  /**
   * @param loaded the models that local engines hold
   * @param moving aliases whose new version is not loaded yet, so that the one before answers
   */
  record Health(
      String home,
      long pid,
      String version,
      List<LoadedEngine> loaded,
      List<Standings.Moving> moving,
      RequestsLogged requests) {}

  /**
   * The request log.
   *
   * @param waiting rows in memory
   * @param lost rows that the database did not take and never will have
   */
  record RequestsLogged(long written, int waiting, long lost) {}

  @GetMapping
  Health health() {
    return new Health(
        home.folder().toString(),
        ProcessHandle.current().pid(),
        Release.VERSION,
        engines.loaded(),
        standings.moving(),
        new RequestsLogged(requests.written(), requests.waiting(), requests.lost()));
  }
}
