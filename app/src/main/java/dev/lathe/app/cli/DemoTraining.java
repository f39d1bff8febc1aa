package dev.lathe.app.cli;

import dev.lathe.app.demo.EarlierRun;
import dev.lathe.app.demo.Samples;
import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** The demo's first half: base, dataset and run; what is there already is taken. */
final class DemoTraining {
  static final String NAME = "demo";
  static final String WANTED_BASE = "smollm2-135m-instruct";
  private static final String BASE_WITHOUT_SOURCE = "tiny";

  /** A random base has nothing to say: its run only shows that the loop closes. */
  private static final Map<String, String> ENOUGH_FOR_NOISE = Map.of("steps", "40");

  private final OwnerClient owner;
  private final Session session;
  private final Samples samples;

  DemoTraining(OwnerClient owner, Session session, Samples samples) {
    this.owner = owner;
    this.session = session;
    this.samples = samples;
  }

  /**
   * @param shown as {@code bases show} has it
   * @param reason why this one
   */
  record Base(JsonNode shown, String reason) {
    String name() {
      return shown.path("name").asString("");
    }
  }

  /**
   * @param run as {@code runs show} has it
   * @param reused whether it was done before
   */
  record Trained(JsonNode run, boolean reused) {
    String id() {
      return run.path("id").asString("");
    }
  }

  /**
   * @param wanted null for one that fits
   */
  Base base(@Nullable String wanted) {
    if (wanted != null) {
      return new Base(PullCommand.pull(owner, wanted, terminal()), "asked for with --base");
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

  JsonNode dataset(Base base) {
    var wanted = new LinkedHashMap<String, Object>();
    wanted.put("logs", samples.logs().stream().map(Path::toString).toList());
    wanted.put("name", NAME);
    wanted.put("base", base.name());
    wanted.put("recipe", samples.datasetRecipe().toString());
    return DatasetBuild.build(owner, wanted, terminal());
  }

  /**
   * @param fresh whether to train anew even when this very run was done before
   */
  Trained train(Base base, JsonNode dataset, boolean fresh) {
    var set = base.name().equals(BASE_WITHOUT_SOURCE) ? ENOUGH_FOR_NOISE : Map.<String, String>of();
    var wanted =
        new EarlierRun(
            base.shown().path("weightsSha256").asString(""),
            dataset.path("id").asString(""),
            samples.resolvedTraining(set));
    var runs = session.home().runs();
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

  private Terminal terminal() {
    return session.terminal();
  }
}
