package dev.lathe.pipelines.jobs;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.registry.runs.RunState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A run beside the one it was to reproduce.
 *
 * @param state of the later run
 * @param same whether every loss and the adapter are the same, bit for bit
 * @param adapterSha256 of the original, {@code againSha256} of the later run; null without one
 * @param differences in what may have made them differ: machine, library, thread count, code; empty
 *     when nothing is known to differ
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Reproduction(
    String original,
    String run,
    RunState state,
    boolean same,
    Losses losses,
    @Nullable String adapterSha256,
    @Nullable String againSha256,
    List<String> differences) {
  /** What must be equal for equal bits, as a run's journal tells it when it starts. */
  private static final List<String> MACHINE =
      List.of("cpu", "device", "threads", "precision", "torch");

  /**
   * The training losses, step by step.
   *
   * @param steps of the original
   * @param equal of them, bit for bit
   * @param firstDifference the first step whose losses differ; null when none does
   * @param largest the largest distance between two that differ; null when none does
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Losses(
      long steps, long equal, @Nullable Long firstDifference, @Nullable Double largest) {}

  /** One of the two, as its directory has it. */
  record Side(RunSpec spec, List<JournalRecord> journal) {
    /** What it ended with last; empty before. */
    private Map<String, Object> ended() {
      return last("ended");
    }

    private Map<String, Object> last(String type) {
      return JournalRecord.last(journal, type).map(JournalRecord::fields).orElse(Map.of());
    }

    private @Nullable String adapter() {
      return ended().get("adapterSha256") instanceof String sha256 ? sha256 : null;
    }

    /** By step; what a resume took back and did again counts as it was done again. */
    private Map<Long, Double> losses() {
      var losses = new TreeMap<Long, Double>();
      for (var record : journal) {
        var step = record.number("step");
        var loss = record.number("loss");
        if (record.type().equals("step") && step.isPresent() && loss.isPresent()) {
          losses.put(step.get().longValue(), loss.get().doubleValue());
        }
      }
      return losses;
    }

    private Map<String, Object> facts() {
      var facts = new LinkedHashMap<String, Object>();
      var started = last("started");
      for (var fact : MACHINE) {
        var value = started.get(fact);
        if (value != null) {
          facts.put(fact, value);
        }
      }
      facts.put("version of Lathe", spec.codeVersion());
      facts.put("recipe", spec.recipe());
      facts.put(
          "micro-batches cut for want of memory",
          journal.stream().filter(r -> r.type().equals("cut")).count());
      return facts;
    }

    private boolean inexact() {
      return journal.stream()
          .anyMatch(
              r -> r.type().equals("started") && Boolean.FALSE.equals(r.fields().get("exact")));
    }
  }

  static Reproduction of(Side original, Side again, RunState state) {
    var losses = losses(original.losses(), again.losses());
    var sha256 = original.adapter();
    boolean same =
        losses.equal() == losses.steps()
            && again.losses().size() == losses.steps()
            && sha256 != null
            && sha256.equals(again.adapter());
    return new Reproduction(
        original.spec().id(),
        again.spec().id(),
        state,
        same,
        losses,
        sha256,
        again.adapter(),
        differences(original, again));
  }

  private static Losses losses(Map<Long, Double> original, Map<Long, Double> again) {
    long equal = 0;
    Long first = null;
    Double largest = null;
    for (var entry : original.entrySet()) {
      var other = again.get(entry.getKey());
      if (entry.getValue().equals(other)) {
        equal++;
      } else if (first == null) {
        first = entry.getKey();
      }
      if (other != null && !entry.getValue().equals(other)) {
        double distance = Math.abs(entry.getValue() - other);
        largest = largest == null ? distance : Math.max(largest, distance);
      }
    }
    return new Losses(original.size(), equal, first, largest);
  }

  private static List<String> differences(Side original, Side again) {
    var differences = new ArrayList<String>();
    var before = original.facts();
    again
        .facts()
        .forEach(
            (fact, now) -> {
              var then = before.get(fact);
              if (then != null && !Objects.equals(then.toString(), now.toString())) {
                differences.add(fact + " was " + then + " and is " + now);
              }
            });
    if (original.inexact()) {
      differences.add("the original was resumed inexactly, on a machine that computes otherwise");
    }
    return differences;
  }
}
