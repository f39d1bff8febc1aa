package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.Release;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.routing.Router;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Says that the owner answers, and for which home. */
@RestController
@RequestMapping("/api/health")
class HealthApi {
  private final Home home;
  private final Router router;
  private final RequestLog requests;

  HealthApi(Home home, Router router, RequestLog requests) {
    this.home = home;
    this.router = router;
    this.requests = requests;
  }

  /**
   * @param loaded the models that local engines hold
   */
  record Health(
      String home, long pid, String version, List<String> loaded, RequestsLogged requests) {}

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
        router.loaded(),
        new RequestsLogged(requests.written(), requests.waiting(), requests.lost()));
  }
}
