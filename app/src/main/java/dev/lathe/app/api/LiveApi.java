package dev.lathe.app.api;

import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.JournalTail;
import dev.lathe.pipelines.supervision.RunDirectory;
import jakarta.servlet.http.HttpServletResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** What happens, as server-sent events: one run's journal, or everything a page shows. */
@RestController
@RequestMapping("/api")
class LiveApi {
  private static final int PIECE = 500;
  private static final long LOOK_MILLIS = 200;

  private final Finetunes finetunes;
  private final Changes changes;
  private final JsonMapper json;

  LiveApi(Finetunes finetunes, Changes changes, JsonMapper json) {
    this.finetunes = finetunes;
    this.changes = changes;
    this.json = json;
  }

  /**
   * The journal's records behind {@code Last-Event-ID} or {@code after}, each an event {@code
   * record} whose id is its sequence number. {@code reset} says that the journal is no longer the
   * one the reader knows and is told anew; {@code end} that the run has ended and all is told.
   */
  @GetMapping(value = "runs/{id}/live", produces = EventStream.MEDIA_TYPE)
  void run(
      @PathVariable String id,
      @RequestParam(defaultValue = "0") long after,
      @RequestHeader(name = "Last-Event-ID", required = false) @Nullable Long lastEvent,
      HttpServletResponse response)
      throws InterruptedException {
    var run = finetunes.find(id);
    long known = lastEvent == null ? after : lastEvent;
    EventStream.answer(response, json, out -> journal(run, known, out));
  }

  private void journal(RunDirectory run, long known, EventStream out) throws InterruptedException {
    var tail = JournalTail.after(run.journal(), known);
    for (boolean first = true; ; first = false) {
      boolean active = finetunes.active(run.id());
      var records = tail.poll(PIECE);
      if (first && tail.position().seq() < known) {
        out.event("reset", 0L, Map.of());
        tail = JournalTail.after(run.journal(), 0);
        continue;
      }
      records.forEach(r -> out.event("record", r.seq(), line(r)));
      if (records.isEmpty() && !active) {
        out.event("end", null, Map.of("state", finetunes.show(run.id()).state()));
        return;
      }
      if (records.isEmpty()) {
        out.signOfLife();
        Thread.sleep(LOOK_MILLIS);
      }
    }
  }

  record Records(String run, List<Map<String, Object>> records) {}

  /**
   * Everything that changes, until the reader goes: {@code hello} first, when the reader should
   * load what it shows; then {@code runs} with those that changed, {@code records} of journals that
   * grow, and {@code changed} with the topics (versions, aliases, experiments …) to load again.
   */
  @GetMapping(value = "live", produces = EventStream.MEDIA_TYPE)
  void everything(HttpServletResponse response) throws InterruptedException {
    EventStream.answer(response, json, this::everything);
  }

  private void everything(EventStream out) throws InterruptedException {
    try (var reader = changes.reader()) {
      out.event("hello", null, Map.of());
      while (reader.open()) {
        var runs = reader.runs();
        // Records first: when a run is told to have ended, its curve is whole.
        reader.records(
            PIECE,
            (run, records) ->
                out.event(
                    "records",
                    null,
                    new Records(run, records.stream().map(LiveApi::line).toList())));
        if (!runs.isEmpty()) {
          out.event("runs", null, Map.of("items", runs));
        }
        var topics = reader.topics();
        if (!topics.isEmpty()) {
          out.event("changed", null, Map.of("topics", topics));
        }
        out.signOfLife();
        Thread.sleep(LOOK_MILLIS);
      }
    }
  }

  /** A record as NDJSON and events have it. */
  static Map<String, Object> line(JournalRecord r) {
    var line = new LinkedHashMap<String, Object>();
    line.put("seq", r.seq());
    line.put("at", r.at().toString());
    line.put("type", r.type());
    line.putAll(r.fields());
    return line;
  }
}
