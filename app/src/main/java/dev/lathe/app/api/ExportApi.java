package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.ExportFormat;
import dev.lathe.pipelines.jobs.Exports;
import dev.lathe.pipelines.jobs.Exports.ExportRequest;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Writes a model version for other programs. */
@RestController
@RequestMapping("/api/models")
class ExportApi {
  private final ModelRegistry models;
  private final BaseStore bases;
  private final JsonMapper json;

  ExportApi(ModelRegistry models, Home home, JsonMapper json) {
    this.models = models;
    this.bases = new BaseStore(home.bases());
    this.json = json;
  }

  /**
   * @param format peft, safetensors, gguf, gguf-adapter or ollama
   * @param quantize F32, F16, BF16, Q8_0, Q4_0 or Q4_1; the format's usual one when null
   * @param out an absolute path, not there yet or an empty folder
   */
  record Wanted(@Nullable String format, @Nullable String quantize, @Nullable String out) {}

  @PostMapping("{ref}/export")
  void export(@PathVariable String ref, @RequestBody Wanted wanted, HttpServletResponse response)
      throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          var version = models.require(ref);
          var request =
              new ExportRequest(
                  version.version(),
                  base(version),
                  WholeModel.orAdapter(Path.of(version.folder())),
                  ExportFormat.named(given(wanted.format(), "format")),
                  wanted.quantize() == null ? null : Exports.encoding(wanted.quantize()),
                  path(given(wanted.out(), "out")));
          requireIntact(version);
          progress.accept(Map.of("stage", "writing", "done", 0, "total", 0));
          return Exports.run(
              request,
              (done, total) ->
                  progress.accept(Map.of("stage", "merging", "done", done, "total", total)));
        });
  }

  private static String given(@Nullable String value, String what) {
    if (value == null || value.isBlank()) {
      throw new BadInput("an export needs a " + what, value, "Give it.");
    }
    return value;
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new BadInput("this is no path", text, "Name a folder.", e);
    }
  }

  /** The base that the version was trained on, as it was then. */
  private Base base(ModelVersion version) {
    var base = bases.require(version.base());
    if (!base.weightsSha256().equals(version.baseSha256())) {
      throw changed(version, "set of weights");
    }
    if (!base.templateSha256().equals(version.templateSha256())) {
      throw changed(version, "chat template");
    }
    return base;
  }

  private static BadInput changed(ModelVersion version, String what) {
    return new BadInput(
        "the base has another " + what + " than " + version.version() + " was trained with",
        version.base(),
        "'./lathe bases verify " + version.base() + "' tells more; pull it as it was.");
  }

  private void requireIntact(ModelVersion version) {
    if (!models.verify(version.version()).intact()) {
      throw new BadInput(
          "the version's files are not as they were registered",
          version.version(),
          "'./lathe models verify " + version.version() + "' tells which; restore them.");
    }
  }
}
