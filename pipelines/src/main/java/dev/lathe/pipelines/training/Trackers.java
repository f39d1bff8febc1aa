package dev.lathe.pipelines.training;

import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** The trackers that a recipe asks for. */
record Trackers(List<Tracker> all) implements AutoCloseable {
  /**
   * @param state where the run goes on
   */
  static Trackers of(RunDirectory run, RunSpec spec, Recipe recipe, TrainingState state) {
    var all = new ArrayList<Tracker>();
    var clock = Clock.systemUTC();
    if (recipe.tensorboard()) {
      all.add(TensorBoardLog.begin(run.path().resolve("tensorboard"), state.step() + 1, clock));
    }
    if (recipe.wandb()) {
      all.add(WandbLog.open(run.path().resolve("wandb"), spec, state.step(), clock));
    }
    return new Trackers(List.copyOf(all));
  }

  /** The run ended as it was to. */
  void ended() {
    all.forEach(Tracker::ended);
  }

  @Override
  public void close() {
    all.forEach(Tracker::close);
  }
}
