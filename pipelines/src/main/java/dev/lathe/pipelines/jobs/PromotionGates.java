package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.pipelines.jobs.ServedAnswers.Question;
import dev.lathe.pipelines.training.MeasureMain;
import dev.lathe.pipelines.training.MeasureMain.Measured;
import dev.lathe.pipelines.training.MeasureMain.Probe;
import dev.lathe.pipelines.training.MeasureMain.Subject;
import dev.lathe.pipelines.training.ScoredAnswer;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Better;
import dev.lathe.registry.promotion.Better.Overlap;
import dev.lathe.registry.promotion.Better.Pair;
import dev.lathe.registry.promotion.Faithful;
import dev.lathe.registry.promotion.GateResult;
import dev.lathe.registry.promotion.Gates;
import dev.lathe.registry.promotion.Kept;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The three gates, measured: candidate, incumbent and base by the trainer in a process of their
 * own, the candidate's served answers by the engine that will serve them. What cannot be measured
 * does not pass, and its reason is what was found.
 */
public final class PromotionGates implements Gates {
  private final BaseStore bases;
  private final Path basesFolder;
  private final DatasetStore datasets;
  private final Lineage lineage;
  private final ServedAnswers served;

  /**
   * @param bases the home's folder of bases
   */
  public PromotionGates(Path bases, DatasetStore datasets, Lineage lineage, ServedAnswers served) {
    this.bases = new BaseStore(bases);
    this.basesFolder = bases;
    this.datasets = datasets;
    this.lineage = lineage;
    this.served = served;
  }

  @Override
  public List<GateResult> judge(
      ModelVersion candidate, @Nullable ModelVersion incumbent, Consumer<String> progress) {
    var rival = incumbent == null ? candidate.base() : incumbent.version();
    progress.accept("the frozen test set of " + candidate.name());
    var test = Found.of(() -> FrozenTestSet.of(datasets, lineage.first(candidate.name())));
    var overlaps = test.then(t -> overlaps(t, candidate, incumbent));
    boolean testable = overlaps.is(all -> all.stream().allMatch(o -> o.conversations() == 0));

    var questions = Probes.of(test.value());
    progress.accept("the serving engine's answers to " + questions.size() + " prompts");
    var probes = Found.of(() -> probes(candidate, questions));

    var measured =
        Found.of(() -> measure(candidate, incumbent, testable ? test : null, probes, progress));

    return List.of(
        Found.of(
                () ->
                    Better.judge(
                        new Better.Evidence(
                            test.get().words(),
                            candidate.version(),
                            rival,
                            overlaps.get(),
                            testable ? pairs(test.get(), measured.get(), rival) : List.of())))
            .or(why -> failed(Better.NAME, Better.expected(rival), why)),
        Found.of(() -> Kept.judge(kept(candidate, incumbent, measured.get())))
            .or(why -> failed(Kept.NAME, Kept.expected(candidate.base()), why)),
        Found.of(
                () -> {
                  probes.get();
                  return Faithful.judge("the serving engine", judged(measured.get().answers()));
                })
            .or(why -> failed(Faithful.NAME, Faithful.expected(), why)));
  }

  private static GateResult failed(String name, String expected, String why) {
    return new GateResult(name, false, expected, "not measured: " + why);
  }

  private List<Overlap> overlaps(
      FrozenTestSet test, ModelVersion candidate, @Nullable ModelVersion incumbent) {
    var overlaps = new ArrayList<Overlap>();
    for (var model : incumbent == null ? List.of(candidate) : List.of(candidate, incumbent)) {
      for (var trained : trainings(model)) {
        for (var dataset : FrozenTestSet.datasets(datasets, trained)) {
          overlaps.add(
              new Overlap(
                  model.version(),
                  "the training split of " + dataset.dataset(),
                  test.overlap(dataset)));
        }
      }
    }
    return overlaps;
  }

  /** A version and those that its adapter was started from, each trained on its own datasets. */
  private Set<ModelVersion> trainings(ModelVersion model) {
    var all = new LinkedHashSet<ModelVersion>();
    for (var next = Optional.of(model); next.isPresent() && all.add(next.get()); ) {
      next =
          Optional.ofNullable(next.get().recipe().get("initFrom"))
              .flatMap(folder -> lineage.owner(Path.of(folder.toString())));
    }
    return all;
  }

  private List<Probe> probes(ModelVersion candidate, List<Question> questions) {
    var template = template(candidate);
    var answers = served.answer(candidate, questions);
    var probes = new ArrayList<Probe>();
    for (int i = 0; i < questions.size(); i++) {
      var messages = questions.get(i).messages();
      var answer = answers.get(i);
      probes.add(
          new Probe(
              shortened(messages.getLast().content()),
              template.render(messages, List.of(), true),
              answer.text(),
              answer.ids(),
              answer.stopped()));
    }
    return probes;
  }

  /** The template that the candidate was trained with, wherever it still is. */
  private ChatTemplate template(ModelVersion candidate) {
    var base = base(candidate);
    var places = new ArrayList<Path>();
    places.add(base.chatTemplate());
    Found.of(() -> FrozenTestSet.datasets(datasets, candidate).getFirst())
        .ifThere(d -> places.add(datasets.folder(d).template()));
    for (var file : places) {
      if (Files.isRegularFile(file) && Sha256.of(file).equals(candidate.templateSha256())) {
        return ChatTemplate.read(file, base.folder());
      }
    }
    throw new BadInput(
        "the chat template that " + candidate.version() + " was trained with is gone",
        candidate.templateSha256(),
        "Restore " + candidate.base() + " or " + candidate.dataset() + ".");
  }

  private Base base(ModelVersion version) {
    var base = bases.require(version.base());
    if (!base.weightsSha256().equals(version.baseSha256())) {
      throw new BadInput(
          "the base of this name is not the one that " + version.version() + " was trained on",
          base.name(),
          "Pull the one whose weights hash to " + version.baseSha256() + ".");
    }
    return base;
  }

  /**
   * Measures everything in one process, or two when the incumbent stands on another base. A gate's
   * missing part is left out, so that the others are measured.
   */
  private MeasureMain.Result measure(
      ModelVersion candidate,
      @Nullable ModelVersion incumbent,
      @Nullable Found<FrozenTestSet> test,
      Found<List<Probe>> probes,
      Consumer<String> progress) {
    var base = base(candidate);
    boolean onTest = test != null && Found.of(() -> fits(test.get(), base)).there();
    var subjects = new ArrayList<Subject>();
    subjects.add(new Subject(candidate.version(), adapter(candidate), onTest, true));
    subjects.add(new Subject(candidate.base(), null, onTest && incumbent == null, true));
    var apart = new ArrayList<Subject>();
    if (incumbent != null) {
      boolean same = incumbent.baseSha256().equals(candidate.baseSha256());
      (same ? subjects : apart)
          .add(new Subject(incumbent.version(), adapter(incumbent), onTest, true));
    }
    var result = run(base, subjects, onTest ? test : null, probes.orElse(List.of()), progress);
    if (incumbent == null || apart.isEmpty()) {
      return result;
    }
    var all = new ArrayList<>(result.subjects());
    Found.of(() -> base(incumbent))
        .then(b -> run(b, apart, onTest ? test : null, List.of(), progress))
        .ifThere(r -> all.addAll(r.subjects()));
    return new MeasureMain.Result(all, result.answers());
  }

  private MeasureMain.Result run(
      Base base,
      List<Subject> subjects,
      @Nullable Found<FrozenTestSet> test,
      List<Probe> probes,
      Consumer<String> progress) {
    var parts = test == null ? List.<MeasureMain.Part>of() : fits(test.get(), base).measured();
    var last = new String[] {""};
    return Worker.run(
        MeasureMain.class.getName(),
        new MeasureMain.Request(
            basesFolder.toString(), base.name(), subjects, parts, GeneralText.passages(), probes),
        MeasureMain.Result.class,
        step -> {
          if (!step.stage().equals(last[0])) {
            last[0] = step.stage();
            progress.accept(step.stage());
          }
        });
  }

  private static FrozenTestSet fits(FrozenTestSet test, Base base) {
    test.datasets().forEach(dataset -> dataset.requireFor(base));
    return test;
  }

  private static String adapter(ModelVersion version) {
    return WholeModel.orAdapter(Path.of(version.folder())).toString();
  }

  private List<Pair> pairs(FrozenTestSet test, MeasureMain.Result result, String rival) {
    var candidate = result.subjects().getFirst();
    if (candidate.losses().isEmpty()) {
      throw new BadInput(
          "the frozen test set is bound to another tokenizer or template than the candidate's",
          String.join(", ", test.datasets().stream().map(DatasetVersion::dataset).toList()),
          "Give a model on another base another name.");
    }
    var incumbent = named(result, rival);
    var pairs = new ArrayList<Pair>();
    int at = 0;
    for (var item : test.items()) {
      int to = at + item.examples().size();
      pairs.add(
          new Pair(
              sum(candidate, at, to),
              sum(incumbent, at, to),
              candidate.labels().subList(at, to).stream().mapToLong(n -> n).sum()));
      at = to;
    }
    return pairs;
  }

  private static double sum(Measured measured, int from, int to) {
    return measured.losses().subList(from, to).stream().mapToDouble(l -> l).sum();
  }

  private static Kept.Evidence kept(
      ModelVersion candidate, @Nullable ModelVersion incumbent, MeasureMain.Result result) {
    var tuned = result.subjects().getFirst();
    var alone = named(result, candidate.base());
    // Another base's tokens are others: the figures could not be compared.
    var rival =
        incumbent != null && incumbent.baseSha256().equals(candidate.baseSha256())
            ? named(result, incumbent.version())
            : null;
    return new Kept.Evidence(
        "the general text " + GeneralText.sha256().substring(0, 12),
        tuned.textTokens(),
        candidate.version(),
        tuned.text(),
        candidate.base(),
        alone.text(),
        rival == null ? null : rival.name(),
        rival == null ? null : (Double) rival.text());
  }

  private static Measured named(MeasureMain.Result result, String name) {
    return result.subjects().stream()
        .filter(m -> m.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new BadInput(
                    "this version cannot be measured beside the candidate",
                    name,
                    "It stands on another base, which must be here and share the tokenizer."));
  }

  private static String shortened(String text) {
    var line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= 60 ? line : line.substring(0, 57).strip() + "...";
  }

  private static List<Faithful.Answer> judged(List<ScoredAnswer> scored) {
    return scored.stream()
        .map(
            a ->
                new Faithful.Answer(
                    a.prompt(),
                    a.positions().stream()
                        .map(p -> new Faithful.Position(p.token(), p.best(), p.same()))
                        .toList(),
                    a.stopped(),
                    a.wentOn()))
        .toList();
  }
}
