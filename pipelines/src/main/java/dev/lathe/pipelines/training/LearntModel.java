package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.files.NativeMemory;
import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.StreamedTensor;
import dev.lathe.engine.FlatWeights;
import dev.lathe.engine.FullWeights;
import dev.lathe.engine.Trained.Vector;
import dev.lathe.engine.tensors.Precision;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All of a model's weights: a Hugging Face directory in the precision that was trained in; in a
 * checkpoint the flat vectors, float32. Too large for the Java heap: one file, laid out in native
 * memory as it will lie on the disk, is made at the first use and filled anew for each copy.
 */
final class LearntModel implements Learnt {
  /** In the order of {@link Vector}; the file's names are those of the optimizer's state dict. */
  private static final List<String> NAMES = List.of("parameters", "exp_avg", "exp_avg_sq");

  static final String FILE = "weights.safetensors";

  private final FullWeights full;
  private final Base base;
  private final Encoding encoding;
  private final MemorySegment file;
  private final long header;
  private long held = -1;

  /**
   * @param base that the run began with
   */
  LearntModel(FullWeights full, Base base, Precision precision) {
    this.full = full;
    this.base = base;
    this.encoding = precision == Precision.BF16 ? Encoding.BF16 : Encoding.F32;
    var tensors = new LinkedHashMap<String, StreamedTensor>();
    for (var name : NAMES) {
      var nothing = Pieces.of(MemorySegment.NULL);
      tensors.put(name, new StreamedTensor(Dtype.F32, new long[] {full.shape().size()}, nothing));
    }
    var begin = SafetensorsWriter.header(tensors);
    this.header = begin.byteSize();
    // Never freed: a run needs it to the end, and its process ends then.
    this.file = new NativeMemory(header + NAMES.size() * length()).segment();
    file.asSlice(0, header).copyFrom(begin);
  }

  /** Of one vector, in bytes. */
  private long length() {
    return (long) full.shape().size() * Float.BYTES;
  }

  private MemorySegment part(Vector vector) {
    return file.asSlice(header + vector.ordinal() * length(), length());
  }

  /** Copies the weights, unless they are there: a result and a checkpoint may be of one step. */
  private void hold(long step, Runnable settle) {
    if (held != step) {
      settle.run();
      full.copyTo(Vector.PARAMETERS, 0, part(Vector.PARAMETERS));
      held = step;
    }
  }

  @Override
  public Checkpointing checkpoint(long step, Runnable settle) {
    hold(step, settle);
    full.copyTo(Vector.FIRST_MOMENT, 0, part(Vector.FIRST_MOMENT));
    full.copyTo(Vector.SECOND_MOMENT, 0, part(Vector.SECOND_MOMENT));
    return (into, state) -> into.write(state, Map.of(FILE, file));
  }

  @Override
  public Runnable result(long step, Path folder, Runnable settle) {
    hold(step, settle);
    return () -> {
      try (var weights = new FlatWeights(full.shape(), part(Vector.PARAMETERS))) {
        WholeModel.write(base, weights, encoding, folder);
      }
    };
  }

  @Override
  public void restore(Path checkpoint) {
    var path = checkpoint.resolve(FILE);
    if (!Files.exists(path)) {
      throw new BadInput(
          "The checkpoint holds no whole model", checkpoint.toString(), "Start a new run.");
    }
    try (var found = SafetensorsFile.open(path)) {
      for (var vector : Vector.values()) {
        full.copyFrom(vector, 0, found.bytes(NAMES.get(vector.ordinal())));
      }
    }
    full.worn();
  }

  @Override
  public void copy(Path result, Path folder) {
    Learnt.copyFiles(result, folder);
  }
}
