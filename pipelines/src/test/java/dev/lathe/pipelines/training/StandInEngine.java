package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.pipelines.jobs.ServedAnswers;
import dev.lathe.registry.models.ModelVersion;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Serves a version greedily as an engine would that was given it right, or wrong in one way. */
public final class StandInEngine implements ServedAnswers {
  /** What the engine does wrong. */
  public enum Damage {
    NONE,
    /** The adapter's q and k rows lie as Hugging Face has them, where the engine pairs them. */
    UNPERMUTED_ROWS,
    DOUBLED_SCALE,
    OTHER_TEMPLATE,
    /** Stop tokens are passed over and not shown. */
    MISSING_STOP
  }

  private static final String OTHER_TEMPLATE =
      "{% for m in messages %}### {{ m['role'] }}: {{ m['content'] }}\n{% endfor %}### assistant:";

  private final TinyDesk desk;
  private final Damage damage;
  private final boolean tellsTokens;

  public StandInEngine(TinyDesk desk, Damage damage, boolean tellsTokens) {
    this.desk = desk;
    this.damage = damage;
    this.tellsTokens = tellsTokens;
  }

  @Override
  public List<Answer> answer(ModelVersion version, List<Question> questions) {
    var peft = PeftAdapter.read(Path.of(version.folder(), "adapter"));
    var shape = AdapterFiles.shape(peft, desk.base.config());
    var template =
        damage == Damage.OTHER_TEMPLATE
            ? ChatTemplate.of(OTHER_TEMPLATE, Map.of())
            : ChatTemplate.of(desk.base);
    var answers = new ArrayList<Answer>();
    try (var decoder = desk.open(shape);
        var tokenizer = Tokenizer.open(desk.base.tokenizer())) {
      decoder.adapter().set(damaged(AdapterFiles.flat(peft, shape), shape));
      var ends = Set.copyOf(desk.base.config().endTokens());
      for (var question : questions) {
        int[] prompt =
            tokenizer.encode(template.render(question.messages(), List.of(), true)).ids();
        var ids = new ArrayList<Integer>();
        boolean stopped = false;
        try (var cache = decoder.cache(1, prompt.length + question.maxTokens())) {
          int[] token = decoder.prefill(cache, prompt, new int[] {prompt.length});
          for (int i = 0; i < question.maxTokens() && !stopped; i++) {
            stopped = ends.contains(token[0]) && damage != Damage.MISSING_STOP;
            ids.add(token[0]);
            token = decoder.next(cache, token, new int[] {prompt.length + i});
          }
        }
        var shown = ids.stream().filter(t -> !ends.contains(t)).mapToInt(t -> t).toArray();
        answers.add(new Answer(tokenizer.decode(shown), tellsTokens ? ids : null, stopped));
      }
    }
    return answers;
  }

  private float[] damaged(float[] values, LoraShape shape) {
    var damaged = values.clone();
    for (var module : shape.modules()) {
      int r = shape.rank();
      if (damage == Damage.DOUBLED_SCALE) {
        for (int i = 0; i < module.out() * r; i++) {
          damaged[module.bAt() + i] *= 2;
        }
      }
      boolean rotated = module.projection().slot() < 2;
      if (damage == Damage.UNPERMUTED_ROWS && rotated) {
        int width = desk.base.config().headDim();
        for (int row = 0; row < module.out(); row++) {
          int at = row % width;
          int paired = at < width / 2 ? 2 * at : 2 * (at - width / 2) + 1;
          int from = row - at + paired;
          System.arraycopy(values, module.bAt() + from * r, damaged, module.bAt() + row * r, r);
        }
      }
    }
    return damaged;
  }
}
