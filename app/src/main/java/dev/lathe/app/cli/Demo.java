package dev.lathe.app.cli;

import dev.lathe.app.demo.EarlierRun;
import dev.lathe.app.demo.Samples;
import dev.lathe.app.demo.Voice;
import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** The whole loop on the sample logs: base, dataset, training, and the answers before and after. */
@Command(name = "demo", description = "the whole loop on the sample logs, with a base that fits")
public final class Demo extends HomeCommand {
  private static final String WANTED_BASE = "smollm2-135m-instruct";
  private static final String BASE_WITHOUT_SOURCE = "tiny";
  private static final String NAME = "demo";

  /** The longest answer of the sample logs has about 110 tokens. */
  private static final int MAX_TOKENS = 160;

  @Option(
      names = "--base",
      paramLabel = "BASE",
      description =
          "another base (default: " + WANTED_BASE + ", or a tiny random one without any source)")
  @Nullable String wantedBase;

  @Option(names = "--fresh", description = "train anew even when this very run was done before")
  boolean fresh;

  private final Map<String, Double> stages = new LinkedHashMap<>();
  private final long begun = System.nanoTime();

  public Demo(Session session) {
    super(session);
  }

  @FunctionalInterface
  private interface Stage<T> {
    T run() throws Exception;
  }

  /** What is told at the end, and what {@code --json} prints. */
  record Outcome(
      String base,
      String baseReason,
      String dataset,
      String run,
      boolean reused,
      Pair eval,
      Pair voice,
      Map<String, Pair> marks,
      List<Answer> answers,
      Map<String, Double> stages,
      double seconds) {}

  record Pair(double base, double tuned) {}

  record Answer(String prompt, String base, String tuned) {}

  private record Base(JsonNode shown, String reason) {
    String name() {
      return shown.path("name").asString("");
    }
  }

  private record Trained(JsonNode run, boolean reused) {
    String id() {
      return run.path("id").asString("");
    }
  }

  @Override
  protected int run(OwnerClient owner) throws Exception {
    var samples = Samples.in(session().home().folder().resolve("samples"));
    var prompts = Samples.prompts();

    var base = stage("base", () -> base(owner));
    note(base.name() + ": " + base.reason());

    var dataset = stage("dataset", () -> dataset(owner, samples, base));
    note(
        "%s: %s of %s conversations kept, %s tokens, %s of them learned"
            .formatted(
                dataset.path("dataset").asString(""),
                Text.count(dataset.path("kept")),
                Text.count(dataset.path("conversations")),
                Text.count(dataset.path("tokens")),
                Text.count(dataset.path("labelTokens"))));

    var trained = stage("train", () -> train(owner, samples, base, dataset));
    note(
        "%s: validation loss %.3f -> %.3f"
            .formatted(
                trained.reused() ? "reusing run " + trained.id() : "run " + trained.id(),
                trained.run().path("evalLossBefore").asDouble(Double.NaN),
                trained.run().path("evalLoss").asDouble(Double.NaN)));

    var runs = session().home().runs();
    var before = stage("answers before", () -> answers(owner, base.name(), null, prompts));
    var adapter = EarlierRun.adapter(runs, trained.id());
    var after = stage("answers after", () -> answers(owner, base.name(), adapter, prompts));

    var outcome = outcome(base, dataset, trained, prompts, before, after);
    print(outcome, this::tell);
    return ExitStatus.DONE;
  }

  private Base base(OwnerClient owner) {
    if (wantedBase != null) {
      return new Base(PullCommand.pull(owner, wantedBase, terminal()), "asked for with --base");
    }
    try {
      var shown = PullCommand.pull(owner, WANTED_BASE, terminal());
      return new Base(shown, "from " + shown.path("source").asString(""));
    } catch (ApiError e) {
      if (e.status() >= 500) {
        throw e;
      }
      var shown = PullCommand.pull(owner, BASE_WITHOUT_SOURCE, terminal());
      return new Base(
          shown,
          "a random base made here, because no source brings "
              + WANTED_BASE
              + " ("
              + String.valueOf(e.value()).strip().lines().findFirst().orElse("").strip()
              + "); its answers are noise, the loop is real");
    }
  }

  private JsonNode dataset(OwnerClient owner, Samples samples, Base base) {
    var wanted = new LinkedHashMap<String, Object>();
    wanted.put("logs", samples.logs().stream().map(Path::toString).toList());
    wanted.put("name", NAME);
    wanted.put("base", base.name());
    wanted.put("recipe", samples.datasetRecipe().toString());
    return Datasets.build(owner, wanted, terminal());
  }

  private Trained train(OwnerClient owner, Samples samples, Base base, JsonNode dataset) {
    var earlier = fresh ? Optional.<String>empty() : earlier(owner, samples, base, dataset);
    if (earlier.isPresent()) {
      return new Trained(owner.get("runs/" + earlier.get()), true);
    }
    var started =
        owner.post(
            "runs",
            Map.of(
                "base", base.name(),
                "dataset", dataset.path("dataset").asString(""),
                "model", NAME,
                "recipe", samples.trainingRecipe()),
            OwnerClient.Repeat.NEVER);
    var id = started.path("id").asString("");
    var run = new RunFollower(owner, id, terminal()).toItsEnd(RunFollower.Interrupt.STOPS_THE_RUN);
    if (!run.path("state").asString("").equals("completed")) {
      throw new ApiError(
          500,
          "the run ended as " + run.path("state").asString(""),
          id,
          run.path("error").asString("")
              + " See './lathe runs show "
              + id
              + "' and its process.log.");
    }
    return new Trained(run, false);
  }

  private Optional<String> earlier(
      OwnerClient owner, Samples samples, Base base, JsonNode dataset) {
    var wanted =
        new EarlierRun(
            base.shown().path("weightsSha256").asString(""),
            dataset.path("id").asString(""),
            samples.resolvedTraining());
    return wanted.completed(owner.get("runs"), session().home().runs());
  }

  private List<String> answers(
      OwnerClient owner, String base, @Nullable Path adapter, List<String> prompts) {
    var wanted = new LinkedHashMap<String, @Nullable Object>();
    wanted.put("base", base);
    wanted.put("adapter", adapter == null ? null : adapter.toString());
    wanted.put("prompts", prompts);
    wanted.put("maxTokens", MAX_TOKENS);
    var answers = new ArrayList<String>();
    try (var progress = new Progress(terminal())) {
      var result =
          owner.work(
              "answers",
              wanted,
              p ->
                  progress.update(
                      p.path("stage").asString("answers"),
                      p.path("done").asLong(0),
                      p.path("total").asLong(0),
                      p.path("detail").asString("")));
      result.path("answers").forEach(a -> answers.add(a.asString("")));
    }
    return answers;
  }

  private Outcome outcome(
      Base base,
      JsonNode dataset,
      Trained trained,
      List<String> prompts,
      List<String> before,
      List<String> after) {
    Voice voice = Samples.voice();
    var marks = new LinkedHashMap<String, Pair>();
    var marksAfter = voice.shares(after);
    voice
        .shares(before)
        .forEach(
            (mark, share) -> marks.put(mark, new Pair(share, marksAfter.getOrDefault(mark, 0.0))));
    var answers = new ArrayList<Answer>();
    for (int i = 0; i < prompts.size(); i++) {
      answers.add(new Answer(prompts.get(i), before.get(i), after.get(i)));
    }
    return new Outcome(
        base.name(),
        base.reason(),
        dataset.path("dataset").asString(""),
        trained.id(),
        trained.reused(),
        new Pair(
            trained.run().path("evalLossBefore").asDouble(Double.NaN),
            trained.run().path("evalLoss").asDouble(Double.NaN)),
        new Pair(voice.share(before), voice.share(after)),
        marks,
        answers,
        stages,
        seconds(begun));
  }

  private <T> T stage(String name, Stage<T> work) throws Exception {
    long start = System.nanoTime();
    terminal().err().println(terminal().styled("1", "== " + name));
    var result = work.run();
    stages.put(name, seconds(start));
    return result;
  }

  private void note(String text) {
    double last = stages.values().stream().reduce(0.0, (a, b) -> b);
    terminal().err().printf(Locale.ROOT, "  %s (%.1f s)%n", text, last);
  }

  private static double seconds(long since) {
    return Math.round((System.nanoTime() - since) / 1e7) / 100.0;
  }

  private void tell(Outcome o) {
    var out = terminal().out();
    var first = o.answers().getFirst();
    out.println();
    out.println(terminal().styled("1", first.prompt()));
    out.println(terminal().styled("90", "before: ") + indented(first.base()));
    out.println(terminal().styled("32", "after:  ") + indented(first.tuned()));
    out.println();
    out.printf(Locale.ROOT, "validation loss  %.3f -> %.3f%n", o.eval().base(), o.eval().tuned());
    out.printf(
        Locale.ROOT,
        "in the voice     %.0f %% -> %.0f %% of %d unseen prompts%n",
        100 * o.voice().base(),
        100 * o.voice().tuned(),
        o.answers().size());
    o.marks()
        .forEach(
            (mark, share) ->
                out.printf(
                    Locale.ROOT,
                    "  %-14s %.0f %% -> %.0f %%%n",
                    mark,
                    100 * share.base(),
                    100 * share.tuned()));
    out.printf(Locale.ROOT, "%.0f seconds in all%n", o.seconds());
    out.println();
    out.println("Go on:");
    out.println("  ./lathe runs show " + o.run());
    out.println("  ./lathe dataset preview " + o.dataset());
    out.println("  ./lathe dataset build YOUR-LOG.jsonl --name mine --base " + o.base());
    out.println("  ./lathe train --base " + o.base() + " --dataset mine --name mine");
  }

  private static String indented(String answer) {
    return answer.strip().replace("\n", "\n        ");
  }
}
