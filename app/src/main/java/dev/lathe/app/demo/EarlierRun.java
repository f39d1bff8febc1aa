package dev.lathe.app.demo;

import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Finds the run that has already done what is wanted: of the same weights, the same dataset by its
 * content, and the same recipe. Training it again would give the same adapter.
 *
 * @param weightsSha256 of the base
 * @param datasetId the content hash
 * @param recipe resolved
 */
public record EarlierRun(String weightsSha256, String datasetId, Map<String, Object> recipe) {
  /** What the machine decides where a recipe leaves it open. */
  private static final Set<String> OF_THE_MACHINE = Set.of("device", "precision", "threads");

  /**
   * @param listing the runs as the API lists them, newest first
   * @param runs the home's folder of runs
   */
  public Optional<String> completed(JsonNode listing, Path runs) {
    return same(listing, runs, "completed")
        .filter(id -> Files.isRegularFile(adapter(runs, id).resolve("adapter_model.safetensors")))
        .findFirst();
  }

  /** One that trains just now, or waits for its turn: its command may have been killed. */
  public Optional<String> underWay(JsonNode listing, Path runs) {
    return same(listing, runs, "queued", "running").findFirst();
  }

  /** One that was stopped, killed or failed on its way, and can go on from its checkpoints. */
  public Optional<String> ended(JsonNode listing, Path runs) {
    return same(listing, runs, "stopped", "paused", "failed").findFirst();
  }

  private Stream<String> same(JsonNode listing, Path runs, String... states) {
    return StreamSupport.stream(listing.path("items").spliterator(), false)
        .filter(run -> List.of(states).contains(run.path("state").asString("")))
        .map(run -> run.path("id").asString(""))
        .filter(id -> isSame(RunDirectory.of(runs.resolve(id)).readSpec()));
  }

  /** Where a completed run left its adapter. */
  public static Path adapter(Path runs, String id) {
    return runs.resolve(id).resolve("adapter");
  }

  boolean isSame(RunSpec spec) {
    return spec.base().weightsSha256().equals(weightsSha256)
        && spec.dataset().id().equals(datasetId)
        && normal(spec.recipe()).equals(normal(recipe));
  }

  /** As JSON has it, so that 2 and 2L or a list and a set compare as equal. */
  private static JsonNode normal(Map<String, Object> recipe) {
    var tree =
        (tools.jackson.databind.node.ObjectNode)
            JsonMapper.shared().readTree(JsonMapper.shared().writeValueAsBytes(recipe));
    OF_THE_MACHINE.forEach(tree::remove);
    return tree;
  }
}
