package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A base with an adapter, or alone, ready to evaluate and to answer. */
public record LoadedModel(Decoder decoder, Precision precision) implements AutoCloseable {
  /**
   * @param adapter a PEFT directory, ours or PEFT's own; null for the base alone
   * @param how its device, threads and precision count
   */
  static LoadedModel open(Base base, @Nullable String adapter, Recipe how) {
    var device = ComputeDevice.open(how.device(), how.threads());
    var precision = how.precisionOn(device);
    var peft = adapter == null ? null : read(base, adapter);
    var shape =
        peft == null ? LoraShape.none(base.config()) : AdapterFiles.shape(peft, base.config());
    try (var weights = base.weights()) {
      var decoder = Decoder.open(weights, base.config(), shape, precision, device);
      if (peft != null) {
        decoder.adapter().set(AdapterFiles.flat(peft, shape));
      }
      return new LoadedModel(decoder, precision);
    }
  }

  /** Reads an adapter, refusing one that names another base. */
  public static PeftAdapter read(Base base, String folder) {
    var adapter = PeftAdapter.read(Path.of(folder));
    var hash = adapter.config().baseSha256();
    if (hash != null && !hash.equals(base.weightsSha256())) {
      throw new BadInput(
          "The adapter was trained on another base", folder, "Use it with the base that it names.");
    }
    return adapter;
  }

  @Override
  public void close() {
    decoder.close();
  }
}
