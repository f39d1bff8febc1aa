package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Says that the owner answers, and for which home. */
@RestController
@RequestMapping("/api/health")
class HealthApi {
  private final Home home;

  HealthApi(Home home) {
    this.home = home;
  }

  record Health(String home, long pid) {}

  @GetMapping
  Health health() {
    return new Health(home.folder().toString(), ProcessHandle.current().pid());
  }
}
