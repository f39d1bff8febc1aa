package dev.lathe.app.api;

import dev.lathe.pipelines.sweeps.SweepRequest;
import dev.lathe.pipelines.sweeps.SweepView;
import dev.lathe.pipelines.sweeps.Sweeps;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Hyper-parameter sweeps: start, compare, stop, resume. An id's unique piece is enough. */
@RestController
@RequestMapping("/api/sweeps")
class SweepsApi {
  private final Sweeps sweeps;

  SweepsApi(Sweeps sweeps) {
    this.sweeps = sweeps;
  }

  record Listing(List<SweepView> items) {}

  @PostMapping
  SweepView start(@RequestBody SweepRequest request) {
    return sweeps.start(request);
  }

  @GetMapping
  Listing list() {
    return new Listing(sweeps.list());
  }

  @GetMapping("{id}")
  SweepView show(@PathVariable String id) {
    return sweeps.show(id);
  }

  @PostMapping("{id}/stop")
  Asked stop(@PathVariable String id) {
    var sweep = sweeps.show(id).id();
    sweeps.stop(sweep);
    return new Asked(sweep, "stopping");
  }

  @PostMapping("{id}/resume")
  Sweeps.Resumed resume(@PathVariable String id, @RequestBody Resume how) {
    return sweeps.resume(id, how.isInexact());
  }
}
