package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.logs.LogFormat;
import dev.lathe.datasets.statistics.DatasetStatistics;
import dev.lathe.datasets.store.DatasetDiff;
import dev.lathe.datasets.store.DatasetExport;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Preview;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.pipelines.jobs.DatasetJob;
import dev.lathe.pipelines.jobs.DatasetRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** The dataset versions of the home. */
@RestController
@RequestMapping("/api/datasets")
class DatasetsApi {
  private static final int PREVIEW_LIMIT = 100;

  private final DatasetStore store;
  private final DatasetJob job;
  private final BaseStore bases;
  private final JsonMapper json;

  DatasetsApi(DatasetStore store, DatasetJob job, Home home, JsonMapper json) {
    this.store = store;
    this.job = job;
    this.bases = new BaseStore(home.bases());
    this.json = json;
  }

  /**
   * @param logs absolute paths
   * @param format null to find it out, a log at a time
   * @param recipe absolute path of a YAML file
   * @param set single keys, over the file's
   */
  record Wanted(
      List<String> logs,
      String name,
      String base,
      @Nullable String format,
      @Nullable String recipe,
      @Nullable Map<String, String> set) {}

  @PostMapping
  void build(@RequestBody Wanted wanted, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          if (wanted.logs().isEmpty()) {
            throw new BadInput("no log was given", null, "Name at least one file.");
          }
          var recipe =
              DatasetRecipe.read(
                  wanted.recipe() == null ? null : Path.of(wanted.recipe()),
                  wanted.set() == null ? Map.of() : wanted.set());
          var request =
              new DatasetRequest(
                  wanted.logs().stream().map(Path::of).toList(),
                  wanted.format() == null ? null : LogFormat.of(wanted.format()),
                  wanted.name(),
                  bases.require(wanted.base()),
                  recipe);
          return job.build(request, progress::accept);
        });
  }

  record Listing(List<DatasetVersion> items) {}

  @GetMapping
  Listing list() {
    return new Listing(store.list());
  }

  @GetMapping("{ref}")
  DatasetVersion show(@PathVariable String ref) {
    return store.require(ref);
  }

  @GetMapping("{ref}/preview")
  Preview preview(
      @PathVariable String ref,
      @RequestParam(defaultValue = "3") int n,
      @RequestParam(defaultValue = "train") String split,
      @RequestParam(required = false) @Nullable Set<String> id) {
    if (n < 1 || n > PREVIEW_LIMIT) {
      throw new BadInput(
          "a preview shows 1 to " + PREVIEW_LIMIT + " conversations",
          Integer.toString(n),
          "Use 'dataset export' for more.");
    }
    var version = store.require(ref);
    try (var tokenizer = Tokenizer.open(bases.require(version.base()).tokenizer())) {
      return id == null || id.isEmpty()
          ? Preview.of(store, version, Split.of(split), tokenizer, n)
          : Preview.of(store, version, Split.of(split), tokenizer, id);
    }
  }

  @GetMapping("{ref}/stats")
  DatasetStatistics statistics(@PathVariable String ref) {
    return DatasetStatistics.of(store, store.require(ref));
  }

  @GetMapping("{ref}/diff")
  DatasetDiff diff(@PathVariable String ref, @RequestParam String with) {
    return DatasetDiff.between(store, store.require(ref), store.require(with));
  }

  /**
   * @param split null for all
   * @param out absolute path of the file to write
   */
  record Export(String format, @Nullable String split, String out) {}

  record Exported(String dataset, String format, String out, long lines, long bytes) {}

  @PostMapping("{ref}/export")
  Exported export(@PathVariable String ref, @RequestBody Export export) throws Exception {
    var version = store.require(ref);
    var out = Path.of(export.out());
    long lines =
        DatasetExport.write(
            store.folder(version),
            DatasetExport.Format.of(export.format()),
            export.split() == null ? null : Split.of(export.split()),
            out);
    return new Exported(version.dataset(), export.format(), out.toString(), lines, Files.size(out));
  }
}
