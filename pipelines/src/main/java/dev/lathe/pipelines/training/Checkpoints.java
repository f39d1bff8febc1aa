package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import dev.lathe.checkpoints.store.Checkpoint;
import dev.lathe.checkpoints.store.CheckpointStore;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.program.LoraShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A run's checkpoints: the adapter as a PEFT directory (usable as it lies there), AdamW's moments,
 * and in the manifest the {@link TrainingState} and the {@link Machine}.
 */
final class Checkpoints {
  private static final String MOMENTS = "optimizer.safetensors";
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final CheckpointStore store;
  private final Machine machine;
  private final AdapterConfig config;

  Checkpoints(Path folder, int keep, Machine machine, AdapterConfig config) {
    this.store = new CheckpointStore(folder, keep);
    this.machine = machine;
    this.config = config;
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

  /** Puts a found checkpoint's values into the adapter. */
  static void restore(Found found, Adapter adapter) {
    var values = AdapterFiles.flat(PeftAdapter.read(found.folder()), adapter.shape());
    try (var moments = SafetensorsFile.open(found.folder().resolve(MOMENTS))) {
      adapter.restore(
          values,
          moments.bytes("exp_avg").toArray(FLOAT),
          moments.bytes("exp_avg_sq").toArray(FLOAT));
    }
  }

  /** What a checkpoint holds of an adapter, in memory of its own: training may go on. */
  @SuppressWarnings("ArrayRecordComponent") // written once, never compared
  record Snapshot(float[] values, float[] firstMoment, float[] secondMoment) {
    static Snapshot of(Adapter adapter) {
      var moments = adapter.moments();
      return new Snapshot(adapter.values(), moments[0], moments[1]);
    }
  }

  /**
   * Writes one; when it returns, a power cut does not lose it.
   *
   * @return its size in bytes
   */
  long write(TrainingState state, LoraShape shape, Snapshot snapshot) {
    var files = new LinkedHashMap<String, MemorySegment>(named(snapshot.values(), shape).files());
    var tensors = new LinkedHashMap<String, Tensor>();
    tensors.put("exp_avg", tensor(snapshot.firstMoment()));
    tensors.put("exp_avg_sq", tensor(snapshot.secondMoment()));
    files.put(MOMENTS, MemorySegment.ofArray(SafetensorsWriter.bytes(Map.of(), tensors)));
    store.write(state.step(), files, Map.of("state", state.toMap(), "machine", machine.facts()));
    return files.values().stream().mapToLong(MemorySegment::byteSize).sum();
  }

  private static Tensor tensor(float[] values) {
    return Tensor.of(values, values.length);
  }

  PeftAdapter named(float[] values, LoraShape shape) {
    return AdapterFiles.named(values, shape, config);
  }
}
