package dev.lathe.engine;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.checkpoints.bases.TensorNames;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.program.SavedShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** Between a PEFT directory's named matrices and the flat vector that is trained. */
public final class AdapterFiles {
  private AdapterFiles() {}

  /**
   * The shape of an adapter that exists, without what it saved whole.
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
   * A tensor of a PEFT file and where its values lie in the whole flat vector.
   *
   * @param from the first of them
   */
  @SuppressWarnings("ArrayRecordComponent") // a shape is never written to
  public record Stretch(long from, long[] shape) {
    public long size() {
      return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }
  }

  /**
   * Every tensor of an adapter's file, by PEFT's name for it: one stretch of the vector each. A
   * tied head and its embedding are the same one.
   */
  public static SequencedMap<String, Stretch> stretches(LoraShape shape) {
    var stretches = new LinkedHashMap<String, Stretch>();
    for (var part : shape.saved().parts()) {
      var name =
          shape.saved().isWhole()
              ? PeftAdapter.nameOfSaved(part.name())
              : PeftAdapter.nameOfRows(part.name());
      stretches.put(name, new Stretch(part.at(), part.shape()));
    }
    if (shape.saved().isTiedWhole()) {
      // PEFT looks for the head too, which is the embedding.
      var embedding = shape.saved().parts().getFirst();
      stretches.put(
          PeftAdapter.nameOfSaved(TensorNames.head("weight")),
          new Stretch(embedding.at(), embedding.shape()));
    }
    long start = shape.saved().size();
    long r = shape.rank();
    for (var m : shape.modules()) {
      var a = new Stretch(start + m.aAt(), new long[] {r, m.in()});
      stretches.put(PeftAdapter.nameOfA(m.path()), a);
      var b = new Stretch(start + m.bAt(), new long[] {m.out(), r});
      stretches.put(PeftAdapter.nameOfB(m.path()), b);
      if (shape.dora()) {
        var magnitude = new Stretch(start + m.mAt(), new long[] {m.out()});
        stretches.put(PeftAdapter.nameOfMagnitude(m.path()), magnitude);
      }
    }
    return stretches;
  }

  /**
   * Which of an adapter's saved modules, or rows, are trained when it is gone on with.
   *
   * @param config of the base as the adapter sees it (SavedModules)
   * @throws BadInput when it saved something else than embeddings and head
   */
  public static SavedShape saved(PeftAdapter adapter, ModelConfig config) {
    if (!adapter.rows().isEmpty()) {
      return rows(adapter, config);
    }
    var embeddings = config.block().names().embeddings();
    boolean head = adapter.saved().containsKey(TensorNames.head("weight"));
    for (var name : adapter.saved().keySet()) {
      if (!name.equals(embeddings)
          && !name.equals(TensorNames.head("weight"))
          && !name.equals(TensorNames.head("bias"))) {
        throw new BadInput(
            "The adapter saved a module whole that cannot be trained here",
            name,
            "Embeddings and the vocabulary head can; start from a merged model instead.");
      }
    }
    return new SavedShape(
        config, adapter.saved().containsKey(embeddings), head && !config.tiedEmbeddings());
  }

  private static SavedShape rows(PeftAdapter adapter, ModelConfig config) {
    var ids = adapter.rows().values().iterator().next().ids();
    boolean together =
        adapter.saved().isEmpty()
            && ids.getLast() - ids.getFirst() == ids.size() - 1
            && adapter.rows().values().stream().allMatch(r -> r.ids().equals(ids))
            && adapter.rows().size() == (config.tiedEmbeddings() ? 1 : 2);
    if (!together) {
      throw new BadInput(
          "The adapter trained rows of tokens that are not gone on with here",
          adapter.config().trainableTokens().toString(),
          "The same neighbouring tokens of embedding and head are; start from a merged model"
              + " instead.");
    }
    return SavedShape.rows(config, ids.getFirst(), ids.size());
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
