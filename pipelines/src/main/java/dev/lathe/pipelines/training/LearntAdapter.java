package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.AdapterFiles;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapter: a PEFT directory, in a checkpoint too (usable as it lies there), with AdamW's moments
 * beside it. Small enough for the Java heap.
 */
record LearntAdapter(Adapter adapter, AdapterConfig config) implements Learnt {
  private static final String MOMENTS = "optimizer.safetensors";
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public Checkpointing checkpoint(long step, Runnable settle) {
    var values = adapter.values();
    var moments = adapter.moments();
    return (into, state) -> {
      var files = new LinkedHashMap<String, MemorySegment>(named(values).files());
      var tensors = new LinkedHashMap<String, Tensor>();
      tensors.put("exp_avg", Tensor.of(moments[0], moments[0].length));
      tensors.put("exp_avg_sq", Tensor.of(moments[1], moments[1].length));
      files.put(MOMENTS, MemorySegment.ofArray(SafetensorsWriter.bytes(Map.of(), tensors)));
      return into.write(state, files);
    };
  }

  @Override
  public Runnable result(long step, Path folder, Runnable settle) {
    var values = adapter.values();
    return () -> named(values).write(folder);
  }

  @Override
  public void restore(Path checkpoint) {
    var values = AdapterFiles.flat(PeftAdapter.read(checkpoint), adapter.shape());
    try (var moments = SafetensorsFile.open(checkpoint.resolve(MOMENTS))) {
      adapter.restore(
          values,
          moments.bytes("exp_avg").toArray(FLOAT),
          moments.bytes("exp_avg_sq").toArray(FLOAT));
    }
  }

  @Override
  public void copy(Path result, Path folder) {
    PeftAdapter.read(result).write(folder);
  }

  private PeftAdapter named(float[] values) {
    return AdapterFiles.named(values, adapter.shape(), config);
  }
}
