package dev.lathe.app.cli;

import dev.lathe.app.demo.Samples;
import dev.lathe.app.owner.OwnerClient;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The whole loop: sample logs, dataset, training, gates, promotion, and an A/B experiment. */
@Command(name = "demo", description = "the whole loop on the sample logs, with a base that fits")
public final class Demo extends HomeCommand {
  @Option(
      names = "--base",
      paramLabel = "BASE",
      description =
          "another base (default: "
              + DemoTraining.WANTED_BASE
              + ", or a tiny random one without any source)")
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

  @Override
  protected int run(OwnerClient owner) throws Exception {
    var samples = Samples.in(session().home().folder().resolve("samples"));
    var prompts = Samples.prompts();
    var voice = Samples.voice();
    var training = new DemoTraining(owner, session(), samples);
    var serving = new DemoServing(owner, terminal());

    var base = stage("base", () -> training.base(wantedBase));
    note(base.name() + ": " + base.reason());

    var dataset = stage("dataset", () -> training.dataset(base));
    note(
        "%s: %s of %s conversations kept, %s tokens, %s of them learned"
            .formatted(
                dataset.path("dataset").asString(""),
                Text.count(dataset.path("kept")),
                Text.count(dataset.path("conversations")),
                Text.count(dataset.path("tokens")),
                Text.count(dataset.path("labelTokens"))));

    var trained = stage("train", () -> training.train(base, dataset, fresh));
    var loss =
        new DemoOutcome.Pair(
            trained.run().path("evalLossBefore").asDouble(Double.NaN),
            trained.run().path("evalLoss").asDouble(Double.NaN));
    note(
        "%s: validation loss %.3f -> %.3f"
            .formatted(
                trained.reused() ? "reusing run " + trained.id() : "run " + trained.id(),
                loss.base(),
                loss.tuned()));

    var version = stage("register", () -> serving.version(trained.id()));
    note(version);

    var promoted = stage("gates and promotion", () -> serving.promote(version));
    note(promoted.told());

    var champion = promoted.champion();
    stage(
        "serve",
        () -> {
          serving.serve(List.of(base.name(), champion));
          return champion;
        });
    note(base.name() + " and " + champion + " answer");

    var trial =
        stage(
            "experiment",
            () -> serving.trial(base.name(), champion, prompts, voice, Clock.systemDefaultZone()));
    note(trial.report().path("verdict").asString(""));

    var before = trial.answers().getOrDefault(base.name(), List.of());
    var after = trial.answers().getOrDefault(champion, List.of());
    var outcome =
        new DemoOutcome(
            base.name(),
            base.reason(),
            dataset.path("dataset").asString(""),
            trained.id(),
            trained.reused(),
            version,
            loss,
            new DemoOutcome.Pair(voice.share(before), voice.share(after)),
            DemoOutcome.marks(voice, before, after),
            promoted.promotion(),
            trial.report(),
            DemoOutcome.answers(prompts, before, after),
            stages,
            seconds(begun));
    print(outcome, o -> o.tell(terminal()));
    return ExitStatus.DONE;
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
