package dev.lathe.app.openai;

import dev.lathe.app.api.RequestBytes;
import dev.lathe.serving.settings.ServerLimits;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's fine-tuning jobs. */
@RestController
@RequestMapping("/v1/fine_tuning/jobs")
class FineTuningApi {
  private static final int JOBS = 20;
  private static final int CHECKPOINTS = 10;
  private static final int MOST = 1000;
  private static final Pattern METADATA = Pattern.compile("metadata\\[(.*)]");

  private final FineTuning jobs;
  private final JobViews views;
  private final JobHistory history;
  private final ServerLimits limits;

  FineTuningApi(FineTuning jobs, JobViews views, JobHistory history, ServerLimits limits) {
    this.jobs = jobs;
    this.views = views;
    this.history = history;
    this.limits = limits;
  }

  @PostMapping
  JobViews.Job create(HttpServletRequest request) throws IOException {
    return views.of(jobs.create(RequestBytes.read(request, limits.maxBodyBytes())));
  }

  @GetMapping
  Page<JobViews.Job> list(
      HttpServletRequest request,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    var cut = Page.Cut.of(after, limit, JOBS, MOST);
    if (cut.after() != null && !jobs.knows(cut.after())) {
      throw Page.unknown(cut.after());
    }
    var asked = jobs.list().stream().filter(metadata(request)).toList();
    return Page.sorted(asked, JobDirectory::id, cut, true).map(views::of);
  }

  /** {@code metadata[k]=v}, any number of them, or {@code metadata=null} for jobs without. */
  private static Predicate<JobDirectory> metadata(HttpServletRequest request) {
    var wanted = new LinkedHashMap<String, String>();
    request
        .getParameterMap()
        .forEach(
            (name, values) -> {
              var key = METADATA.matcher(name);
              if (key.matches()) {
                wanted.put(key.group(1), values[0]);
              }
            });
    var whole = request.getParameter("metadata");
    if (whole != null && !whole.isEmpty() && (!whole.equals("null") || !wanted.isEmpty())) {
      throw WireError.invalid(
          "metadata", "invalid_value", "Give 'metadata[KEY]=VALUE', or 'metadata=null' alone.");
    }
    boolean none = "null".equals(whole);
    return job -> {
      Map<String, String> has = job.spec().metadata();
      return has == null || has.isEmpty()
          ? wanted.isEmpty()
          : !none && has.entrySet().containsAll(wanted.entrySet());
    };
  }

  @GetMapping("{id}")
  JobViews.Job show(@PathVariable String id) {
    return views.of(jobs.require(id));
  }

  @PostMapping("{id}/cancel")
  JobViews.Job cancel(@PathVariable String id) {
    var job = jobs.require(id);
    jobs.cancel(job);
    return views.of(job);
  }

  @PostMapping("{id}/pause")
  JobViews.Job pause(@PathVariable String id) {
    var job = jobs.require(id);
    jobs.pause(job);
    return views.of(job);
  }

  @PostMapping("{id}/resume")
  JobViews.Job resume(@PathVariable String id) {
    var job = jobs.require(id);
    jobs.resume(job);
    return views.of(job);
  }

  @GetMapping("{id}/events")
  Page<JobHistory.Event> events(
      @PathVariable String id,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    var cut = Page.Cut.of(after, limit, JOBS, MOST);
    List<JobHistory.Event> all = history.events(jobs.require(id));
    return Page.of(all, JobHistory.Event::id, cut);
  }

  @GetMapping("{id}/checkpoints")
  Page<JobHistory.Checkpoint> checkpoints(
      @PathVariable String id,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    var cut = Page.Cut.of(after, limit, CHECKPOINTS, MOST);
    return Page.of(history.checkpoints(jobs.require(id)), JobHistory.Checkpoint::id, cut);
  }
}
