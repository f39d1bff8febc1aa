package dev.lathe.pipelines.sweeps;

import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.supervision.Trial;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What a sweep was asked to do, resolved to the last trial. Written once as sweep.json and never
 * changed; a resume reads the same.
 *
 * @param id the sweep's, its directory's name
 * @param model the name under which what comes out will be known
 * @param keys the recipe keys that differ from trial to trial
 * @param parallel trials at the same time, at most
 * @param seed of the random draws
 * @param codeVersion of Lathe, when the sweep was created
 */
public record SweepSpec(
    String id,
    String model,
    RunSpec.BaseRef base,
    RunSpec.DatasetRef dataset,
    List<String> keys,
    int seed,
    int parallel,
    Metric metric,
    Register register,
    List<Planned> trials,
    Instant createdAt,
    String codeVersion) {
  /**
   * One trial.
   *
   * @param number counted from 1
   * @param run the id of its run, whether it was started or not
   * @param values of the swept keys, as the recipe resolved them
   * @param recipe every key with its resolved value
   */
  public record Planned(
      int number, String run, Map<String, Object> values, Map<String, Object> recipe) {}

  public SweepSpec {
    keys = List.copyOf(keys);
    trials = List.copyOf(trials);
  }

  /** The run of a trial: the sweep's id and the trial's number, so that both sort and group. */
  static String run(String sweep, int number) {
    return "%s-%02d".formatted(sweep, number);
  }

  /** A trial as a run that begins now. */
  RunSpec toRun(Planned trial, Instant now) {
    return new RunSpec(
        trial.run(),
        model,
        base,
        dataset,
        trial.recipe(),
        now,
        codeVersion,
        new Trial(id, trial.number(), register == Register.ALL),
        null);
  }
}
