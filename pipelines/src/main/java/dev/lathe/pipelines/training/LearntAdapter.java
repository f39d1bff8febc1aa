package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.NativeMemory;
import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.files.Segments;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter.Layout;
import dev.lathe.checkpoints.safetensors.StreamedTensor;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.AdapterFiles.Stretch;
import dev.lathe.engine.Trained.Vector;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * An adapter: a PEFT directory, in a checkpoint too (usable as it lies there), with AdamW's moments
 * beside it. A copy is laid out in memory as the files will lie on the disk: in the Java heap, a
 * new one each time; with matrices that are trained whole in native memory, one that is filled
 * again and again.
 */
final class LearntAdapter implements Learnt {
  private static final String MOMENTS = "optimizer.safetensors";

  /** In the file's names, those of the optimizer's state dict. */
  private static final Map<Vector, String> NAMES =
      Map.of(Vector.FIRST_MOMENT, "exp_avg", Vector.SECOND_MOMENT, "exp_avg_sq");

  private final Adapter adapter;
  private final AdapterConfig config;
  private final SequencedMap<String, Stretch> stretches;
  private final Layout weightsFile;
  private final Layout momentsFile;
  private @Nullable Copy lasting;
  private long held = -1;

  /** Both files' bytes. */
  private record Copy(MemorySegment weights, MemorySegment moments) {}

  LearntAdapter(Adapter adapter, AdapterConfig config) {
    this.adapter = adapter;
    this.config = config;
    this.stretches = AdapterFiles.stretches(adapter.shape());
    var tensors = new LinkedHashMap<String, StreamedTensor>();
    stretches.forEach((name, s) -> tensors.put(name, toCome(s.shape())));
    this.weightsFile = SafetensorsWriter.layout(PeftAdapter.metadata(config), tensors);
    var moments = new LinkedHashMap<String, StreamedTensor>();
    NAMES.values().forEach(name -> moments.put(name, toCome(adapter.shape().learned())));
    this.momentsFile = SafetensorsWriter.layout(Map.of(), moments);
  }

  private static StreamedTensor toCome(long... shape) {
    return new StreamedTensor(Dtype.F32, shape, Pieces.of(MemorySegment.NULL));
  }

  @Override
  public Checkpointing checkpoint(long step, Runnable settle) {
    var copy = copy(step, settle);
    NAMES.forEach(
        (vector, name) ->
            adapter.copyTo(
                vector, 0, part(copy.moments(), momentsFile, name, adapter.shape().learned())));
    var files = new LinkedHashMap<String, MemorySegment>();
    files.put(PeftAdapter.CONFIG, MemorySegment.ofArray(configBytes()));
    files.put(PeftAdapter.WEIGHTS, copy.weights());
    files.put(MOMENTS, copy.moments());
    return (into, state) -> into.write(state, files);
  }

  @Override
  public Runnable result(long step, Path folder, Runnable settle) {
    var weights = copy(step, settle).weights();
    return () ->
        Durable.replaceFolder(
            folder,
            aside -> {
              Durable.write(aside.resolve(PeftAdapter.CONFIG), configBytes());
              Durable.stream(
                  aside.resolve(PeftAdapter.WEIGHTS), out -> Segments.write(out, weights));
            });
  }

  private byte[] configBytes() {
    return PeftAdapter.configBytes(config, adapter.shape().config().isEncoderDecoder());
  }

  /** The parameters, copied unless they are there: a result and a checkpoint may be of one step. */
  private Copy copy(long step, Runnable settle) {
    if (adapter.shape().saved().isEmpty()) {
      var copy =
          new Copy(
              MemorySegment.ofArray(new byte[Math.toIntExact(weightsFile.length())]),
              MemorySegment.ofArray(new byte[Math.toIntExact(momentsFile.length())]));
      fill(copy);
      return copy;
    }
    if (lasting == null) {
      // Never freed: a run needs it to the end, and its process ends then.
      lasting =
          new Copy(
              new NativeMemory(weightsFile.length()).segment(),
              new NativeMemory(momentsFile.length()).segment());
    }
    if (held != step) {
      settle.run();
      fill(lasting);
      held = step;
    }
    return lasting;
  }

  private void fill(Copy copy) {
    copy.weights().asSlice(0, weightsFile.header().byteSize()).copyFrom(weightsFile.header());
    copy.moments().asSlice(0, momentsFile.header().byteSize()).copyFrom(momentsFile.header());
    stretches.forEach(
        (name, s) ->
            adapter.copyTo(
                Vector.PARAMETERS, s.from(), part(copy.weights(), weightsFile, name, s.size())));
  }

  private static MemorySegment part(MemorySegment file, Layout layout, String name, long values) {
    return file.asSlice(Objects.requireNonNull(layout.at().get(name)), values * Float.BYTES);
  }

  @Override
  public void restore(Path checkpoint) {
    PeftAdapter.read(checkpoint); // refuses what is none
    try (var weights = SafetensorsFile.open(checkpoint.resolve(PeftAdapter.WEIGHTS));
        var moments = SafetensorsFile.open(checkpoint.resolve(MOMENTS))) {
      stretches.forEach(
          (name, s) -> adapter.copyFrom(Vector.PARAMETERS, s.from(), weights.bytes(name)));
      NAMES.forEach((vector, name) -> adapter.copyFrom(vector, 0, moments.bytes(name)));
    }
    adapter.worn();
  }

  @Override
  public void copy(Path result, Path folder) {
    Learnt.copyFiles(result, folder);
  }
}
