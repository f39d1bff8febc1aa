package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.Decoder.Score;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A worker process that scores a base, or an adapter on it, on one split of a dataset. */
public final class EvaluateMain {
  private static final int BUDGET = 2048;

  private EvaluateMain() {}

  /**
   * @param bases the home's folder of bases
   * @param adapter a PEFT directory, or null for the base alone
   * @param shard the split's tokens
   * @param settings recipe keys that say how to compute: precision, device, threads, maxLength
   */
  public record Request(
      String bases,
      String base,
      @Nullable String adapter,
      String shard,
      Map<String, Object> settings) {}

  /**
   * @param loss mean over the labelled tokens, in nats
   * @param tokens labelled ones
   */
  public record Result(
      double loss, double perplexity, double tokenAccuracy, long tokens, String precision) {}

  public static void main(String[] arguments) {
    WorkerIo.serve(Request.class, EvaluateMain::evaluate);
  }

  static Result evaluate(Request request) {
    var how = Recipe.of(request.settings());
    var base = new BaseStore(Path.of(request.bases())).require(request.base());
    try (var examples =
            new Examples(Path.of(request.shard()), how.maxLength(), base.config().vocabSize());
        var model = LoadedModel.open(base, request.adapter(), how)) {
      var total = Score.NONE;
      var batches = examples.inOrder(BUDGET);
      for (int i = 0; i < batches.size(); i++) {
        total = total.plus(model.decoder().evaluate(examples.batch(batches.get(i))));
        WorkerIo.progress("evaluate", i + 1, batches.size());
      }
      if (total.labels() == 0) {
        throw new BadInput(
            "The split has nothing to score", request.shard(), "Choose another split.");
      }
      return new Result(
          total.meanLoss(),
          Math.exp(total.meanLoss()),
          total.accuracy(),
          total.labels(),
          model.precision().wire());
    }
  }
}
