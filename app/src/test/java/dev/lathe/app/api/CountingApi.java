package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Streams of the tests: counting, slow work, and failures of every kind. */
@RestController
@RequestMapping("/api/counting")
class CountingApi {
  static final AtomicBoolean workEnded = new AtomicBoolean();

  private final JsonMapper json;

  CountingApi(JsonMapper json) {
    this.json = json;
  }

  @GetMapping
  void count(@RequestParam int after, @RequestParam int to, HttpServletResponse response)
      throws Exception {
    NdJson.stream(
        response,
        json,
        out -> {
          for (int n = after + 1; n <= to; n++) {
            out.record(Map.of("n", n, "pid", ProcessHandle.current().pid()));
            out.signOfLife();
            Thread.sleep(20);
          }
        });
  }

  @PostMapping("work")
  void work(@RequestParam int millis, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          long end = System.nanoTime() + millis * 1_000_000L;
          while (System.nanoTime() < end) {
            progress.accept(Map.of("stage", "working"));
            Thread.sleep(20);
          }
          workEnded.set(true);
          return Map.of("done", true);
        });
  }

  @GetMapping("fail")
  void fail(@RequestParam String how, @RequestParam boolean late, HttpServletResponse response)
      throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          if (late) {
            progress.accept(Map.of("stage", "begun"));
          }
          throw switch (how) {
            case "input" -> new BadInput("no such log", "a.jsonl", "Look again.");
            case "missing" -> new NotFound("no such run", "r1", "See the list.");
            case "conflict" -> new Conflict("the run lives", "r1", "Stop it first.");
            case "disk" -> new IOException("No space left on device");
            default -> new CancellationException("secret trace");
          };
        });
  }
}
