package dev.lathe.app.cli;

import dev.lathe.app.demo.EarlierRun;
import dev.lathe.app.demo.Samples;
import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** The whole loop on the sample logs: base, dataset, training, and the answers before and after. */
@Command(name = "demo", description = "the whole loop on the sample logs, with a base that fits")
public final class Demo extends HomeCommand {
  private static final String WANTED_BASE = "smollm2-135m-instruct";
  private static final String BASE_WITHOUT_SOURCE = "tiny";
  private static final String NAME = "demo";

  /** A random base has nothing to say: its run only shows that the loop closes. */
  private static final Map<String, String> ENOUGH_FOR_NOISE = Map.of("steps", "40");

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
    var voice = Samples.voice();

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

    var outcome =
        new DemoOutcome(
            base.name(),
            base.reason(),
            dataset.path("dataset").asString(""),
            trained.id(),
            trained.reused(),
            new DemoOutcome.Pair(
                trained.run().path("evalLossBefore").asDouble(Double.NaN),
                trained.run().path("evalLoss").asDouble(Double.NaN)),
            new DemoOutcome.Pair(voice.share(before), voice.share(after)),
            DemoOutcome.marks(voice, before, after),
            DemoOutcome.answers(prompts, before, after),
            stages,
            seconds(begun));
    print(outcome, o -> o.tell(terminal()));
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
    return DatasetBuild.build(owner, wanted, terminal());
  }

  private Trained train(OwnerClient owner, Samples samples, Base base, JsonNode dataset) {
    var set = base.name().equals(BASE_WITHOUT_SOURCE) ? ENOUGH_FOR_NOISE : Map.<String, String>of();
    var wanted =
        new EarlierRun(
            base.shown().path("weightsSha256").asString(""),
            dataset.path("id").asString(""),
            samples.resolvedTraining(set));
    var runs = session().home().runs();
    var listing = fresh ? MissingNode.getInstance() : owner.get("runs");
    var completed = wanted.completed(listing, runs);
    if (completed.isPresent()) {
      return new Trained(owner.get("runs/" + completed.get()), true);
    }
    var underWay = wanted.underWay(listing, runs);
    if (underWay.isPresent()) {
      var id = underWay.get();
      terminal().err().println("  run " + id + " is under way: following it");
      return new Trained(followed(new RunFollower(owner, id, terminal())), false);
    }
    var ended = wanted.ended(listing, runs);
    if (ended.isPresent()) {
      var id = ended.get();
      var follower = new RunFollower(owner, id, terminal()).fromNow();
      var resumed = owner.post("runs/" + id + "/resume", Map.of(), OwnerClient.Repeat.NEVER);
      terminal().err().println("  run " + id + ": " + resumed.path("note").asString(""));
      return new Trained(followed(follower), false);
    }
    var started =
        owner.post(
            "runs",
            Map.of(
                "base", base.name(),
                "dataset", dataset.path("dataset").asString(""),
                "model", NAME,
                "recipe", samples.trainingRecipe(),
                "set", set),
            OwnerClient.Repeat.NEVER);
    var id = started.path("id").asString("");
    return new Trained(followed(new RunFollower(owner, id, terminal())), false);
  }

  private static JsonNode followed(RunFollower follower) {
    var run = follower.toItsEnd(RunFollower.Interrupt.STOPS_THE_RUN);
    var state = run.path("state").asString("");
    var id = run.path("id").asString("");
    if (state.equals("stopped")) {
      throw new ApiError(503, "the run was stopped", id, "'./lathe demo' goes on with it.");
    }
    if (!state.equals("completed")) {
      throw new ApiError(
          500,
          "the run ended as " + state,
          id,
          run.path("error").asString("")
              + " See './lathe runs show "
              + id
              + "'; './lathe demo --fresh' trains anew.");
    }
    return run;
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
}
