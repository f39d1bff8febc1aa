package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.evaluation.AnswerSchema;
import dev.lathe.pipelines.evaluation.AnswersTold;
import dev.lathe.pipelines.evaluation.Evaluation;
import dev.lathe.pipelines.evaluation.Options;
import dev.lathe.pipelines.evaluation.Slice;
import dev.lathe.pipelines.evaluation.SliceBy;
import dev.lathe.pipelines.evaluation.Subject;
import dev.lathe.pipelines.evaluation.Turn;
import dev.lathe.pipelines.evaluation.WorstExample;
import dev.lathe.pipelines.jobs.Evaluations;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.runs.RunView;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Measures a base, a model version, or what a run made, on a part of a dataset. */
@RestController
@RequestMapping("/api/eval")
class EvalApi {
  /** Of a run's recipe, what says how to compute. */
  private static final Set<String> SETTINGS = Set.of("precision", "device", "threads", "maxLength");

  private final BaseStore bases;
  private final DatasetStore datasets;
  private final Evaluations evaluations;
  private final Finetunes finetunes;
  private final ModelRegistry models;
  private final JsonMapper json;

  EvalApi(Home home, Finetunes finetunes, ModelRegistry models, JsonMapper json) {
    this.bases = new BaseStore(home.bases());
    this.datasets = new DatasetStore(home.datasets());
    this.evaluations = new Evaluations(home.bases());
    this.finetunes = finetunes;
    this.models = models;
    this.json = json;
  }

  /**
   * @param target a base's name, a version (name@number or name@alias), or a completed run's id
   * @param split train, validation or test; validation when null
   * @param by kinds of slices; all when null
   * @param worst how many of the worst conversations are told; 5 when null
   * @param answers how many conversations the target answers itself; none when null
   * @param answerTokens at which an answer is cut off; 256 when null
   * @param turn which answer of a conversation: last, call or any; last when null
   * @param schema a JSON Schema for answers in JSON
   */
  record Wanted(
      String target,
      String dataset,
      @Nullable String split,
      @Nullable List<String> by,
      @Nullable Integer worst,
      @Nullable Integer answers,
      @Nullable Integer answerTokens,
      @Nullable String turn,
      @Nullable JsonNode schema) {
    Options options() {
      return new Options(
          SliceBy.of(by == null ? List.of() : by),
          worst == null ? Options.WORST : worst,
          answers == null ? 0 : answers,
          answerTokens == null ? Options.MAX_TOKENS : answerTokens,
          turn == null ? Turn.LAST : Turn.of(turn),
          schema == null || schema.isNull() ? null : AnswerSchema.of(schema));
    }
  }

  record Evaluated(
      String target,
      String dataset,
      String split,
      double loss,
      double perplexity,
      double tokenAccuracy,
      long tokens,
      String precision,
      long conversations,
      Map<String, List<Slice>> slices,
      List<WorstExample> worst,
      @Nullable AnswersTold answers) {
    static Evaluated of(String target, Subject subject, Evaluation e) {
      return new Evaluated(
          target,
          subject.dataset().dataset(),
          subject.split().wire(),
          e.loss(),
          e.perplexity(),
          e.tokenAccuracy(),
          e.tokens(),
          e.precision(),
          e.conversations(),
          e.slices(),
          e.worst(),
          e.answers());
    }
  }

  @PostMapping
  void evaluate(@RequestBody Wanted wanted, HttpServletResponse response) throws Exception {
    NdJson.work(
        response,
        json,
        progress -> {
          var options = wanted.options();
          var version = datasets.require(wanted.dataset());
          var split = split(wanted.split());
          var target = target(wanted.target());
          var base = bases.require(target.base());
          version.requireFor(base);
          var subject =
              new Subject(
                  base,
                  target.adapter(),
                  version,
                  datasets.folder(version),
                  split,
                  target.settings());
          return Evaluated.of(
              target.name(), subject, evaluations.run(subject, options, progress::accept));
        });
  }

  private record Target(
      String name, String base, @Nullable Path adapter, Map<String, Object> settings) {}

  private Target target(String given) {
    var base = bases.find(given);
    if (base.isPresent()) {
      return new Target(given, given, null, Map.of());
    }
    if (given.contains("@")) {
      var version = models.require(given);
      var folder = WholeModel.orAdapter(Path.of(version.folder()));
      return new Target(version.version(), version.base(), folder, settings(version.recipe()));
    }
    var ids = finetunes.list().stream().map(RunView::id).toList();
    if (ids.stream().noneMatch(id -> id.startsWith(given) || id.endsWith("-" + given))) {
      var known = new ArrayList<>(ids);
      bases.list().forEach(b -> known.add(b.name()));
      throw new BadInput("there is no such base or run", given, DidYouMean.remedy(given, known));
    }
    var run = finetunes.find(given);
    if (!Files.isDirectory(run.result())) {
      throw new BadInput(
          "the run has nothing to measure yet: it is " + finetunes.show(run.id()).state().word(),
          run.id(),
          "Wait for its end, or go on with './lathe runs resume " + run.id() + "'.");
    }
    var spec = run.readSpec();
    return new Target(run.id(), spec.base().name(), run.result(), settings(spec.recipe()));
  }

  private static Map<String, Object> settings(Map<String, Object> recipe) {
    var settings = new LinkedHashMap<>(recipe);
    settings.keySet().retainAll(SETTINGS);
    return settings;
  }

  private static Split split(@Nullable String word) {
    for (var split : Split.values()) {
      if (split.wire().equals(word == null ? "validation" : word)) {
        return split;
      }
    }
    throw new BadInput("a dataset has no such part", word, "Choose train, validation or test.");
  }
}
