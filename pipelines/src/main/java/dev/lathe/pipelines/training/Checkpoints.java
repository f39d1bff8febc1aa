package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.store.Checkpoint;
import dev.lathe.checkpoints.store.CheckpointStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A run's checkpoints: what was {@link Learnt}, AdamW's moments with it, and in the manifest the
 * {@link TrainingState} and the {@link Machine}.
 */
final class Checkpoints {
  private final CheckpointStore store;
  private final Machine machine;

  Checkpoints(Path folder, int keep, Machine machine) {
    this.store = new CheckpointStore(folder, keep);
    this.machine = machine;
  }

  /** What a resume starts from. */
  record Found(TrainingState state, Machine machine, Path folder) {}

  /**
   * The newest intact checkpoint; none when the run never wrote one.
   *
   * @throws BadInput when there are checkpoints and not one of them is intact: starting again from
   *     nothing would be a silent loss
   */
  Optional<Found> newest() {
    var damaged = new ArrayList<String>();
    var found = store.newestValid(skipped -> damaged.add(skipped.toString()));
    if (found.isEmpty() && !damaged.isEmpty()) {
      throw BadInput.all(
          "Every checkpoint of the run is damaged",
          damaged,
          "Restore one from a backup, or start a new run.");
    }
    return found.map(Checkpoints::found);
  }

  private static Found found(Checkpoint c) {
    if (c.manifest().get("state") instanceof Map<?, ?> state
        && c.manifest().get("machine") instanceof Map<?, ?> machine) {
      SortedMap<String, Object> values = new TreeMap<>();
      state.forEach((k, v) -> values.put(String.valueOf(k), v));
      return new Found(TrainingState.of(values), Machine.of(machine), c.folder());
    }
    throw new BadInput(
        "The checkpoint says nothing of its training state",
        c.folder().toString(),
        "It was not written by this program; delete it to resume from an earlier one.");
  }

  /**
   * Writes one; when it returns, a power cut does not lose it.
   *
   * @param files what was learnt, by their names
   * @return its size in bytes
   */
  long write(TrainingState state, Map<String, MemorySegment> files) {
    store.write(state.step(), files, Map.of("state", state.toMap(), "machine", machine.facts()));
    return files.values().stream().mapToLong(MemorySegment::byteSize).sum();
  }
}
