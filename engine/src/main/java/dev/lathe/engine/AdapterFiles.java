package dev.lathe.engine;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.program.LoraShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;

/** Between a PEFT directory's named matrices and the flat vector that is trained. */
public final class AdapterFiles {
  private AdapterFiles() {}

  /**
   * The shape of an adapter that exists.
   *
   * @throws BadInput when it adapts something other than the linear layers of the decoder's blocks
   */
  public static LoraShape shape(PeftAdapter adapter, ModelConfig config) {
    var targets = new ArrayList<Projection>();
    for (var target : adapter.config().targets()) {
      var meant = config.projections().stream().filter(p -> p.isMeantBy(target)).toList();
      if (meant.isEmpty()) {
        throw new BadInput(
            "The adapter changes a layer that cannot be trained here",
            target,
            "Known: "
                + config.projections().stream().map(Projection::module).distinct().toList()
                + ".");
      }
      targets.addAll(meant);
    }
    var c = adapter.config();
    return new LoraShape(config, c.rank(), c.scale(), targets, c.dora());
  }

  /**
   * @param adapter a LoRA may be laid into the shape of a DoRA, whose magnitudes are 0 then
   * @throws BadInput when a module is missing or of another shape, as in an adapter of another base
   */
  public static float[] flat(PeftAdapter adapter, LoraShape shape) {
    var values = new float[shape.size()];
    for (var m : shape.modules()) {
      var pair = adapter.modules().get(m.path());
      if (pair == null || pair.a().columns() != m.in() || pair.b().rows() != m.out()) {
        throw new BadInput(
            "The adapter does not fit the base at " + m.path(),
            pair == null ? "missing" : pair.b().rows() + " x " + pair.a().columns(),
            "It needs " + m.out() + " x " + m.in() + ": use the base it was trained on.");
      }
      System.arraycopy(pair.a().values(), 0, values, m.aAt(), pair.a().values().length);
      System.arraycopy(pair.b().values(), 0, values, m.bAt(), pair.b().values().length);
      if (shape.dora() && pair.magnitude() != null) {
        System.arraycopy(pair.magnitude().values(), 0, values, m.mAt(), m.out());
      }
    }
    return values;
  }

  public static PeftAdapter named(float[] values, LoraShape shape, AdapterConfig config) {
    var modules = new LinkedHashMap<String, LoraPair>();
    int r = shape.rank();
    for (var m : shape.modules()) {
      modules.put(
          m.path(),
          new LoraPair(
              new Matrix(r, m.in(), Arrays.copyOfRange(values, m.aAt(), m.aAt() + r * m.in())),
              new Matrix(m.out(), r, Arrays.copyOfRange(values, m.bAt(), m.bAt() + r * m.out())),
              shape.dora()
                  ? new Matrix(m.out(), 1, Arrays.copyOfRange(values, m.mAt(), m.mAt() + m.out()))
                  : null));
    }
    return new PeftAdapter(config, modules);
  }
}
