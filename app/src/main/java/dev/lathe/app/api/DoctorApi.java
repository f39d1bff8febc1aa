package dev.lathe.app.api;

import dev.lathe.app.doctor.Doctor;
import dev.lathe.app.doctor.Finding;
import dev.lathe.app.owner.Home;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What is there, what is missing, how to mend it. */
@RestController
@RequestMapping("/api/doctor")
class DoctorApi {
  private final Home home;

  DoctorApi(Home home) {
    this.home = home;
  }

  record Findings(List<Finding> checks) {}

  @GetMapping
  Findings examine() throws InterruptedException {
    return new Findings(new Doctor(home, System.getenv()).examine());
  }
}
