package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * How a worker process talks with the process that started it: one JSON request on standard input,
 * lines {@code {"progress":…}} and at last {@code {"result":…}} or {@code {"error":…}} on standard
 * output.
 */
final class WorkerIo {
  static final JsonMapper JSON = JsonMapper.builder().build();

  private WorkerIo() {}

  /** What a worker does with its request. */
  interface Work<Q, A> {
    A answer(Q request);
  }

  /** Serves the one request and ends the process: PyTorch's threads do not end by themselves. */
  static <Q, A> void serve(Class<Q> kind, Work<Q, A> work) {
    int status = 0;
    try {
      send("result", work.answer(JSON.readValue(System.in.readAllBytes(), kind)));
    } catch (BadInput e) {
      var error = new LinkedHashMap<String, Object>();
      error.put("what", e.what());
      error.put("value", e.value());
      error.put("remedy", e.remedy());
      send("error", error);
      status = 2;
    } catch (IOException e) {
      throw new UncheckedIOException("the request cannot be read", e);
    }
    System.exit(status);
  }

  static void progress(String stage, long done, long total) {
    send("progress", Map.of("stage", stage, "done", done, "total", total));
  }

  private static void send(String kind, Object value) {
    System.out.println(JSON.writeValueAsString(Map.of(kind, value)));
    System.out.flush();
  }
}
