package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.Decoder.Score;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.MicroBatch;
import java.util.LinkedHashMap;
import java.util.List;

/** Supervised fine-tuning: the mean loss over the labelled tokens. */
record SupervisedTuning(Decoder decoder, Examples train, Way way) implements Learning {
  @Override
  public Step step(List<int[]> batches) {
    var micro = batches.stream().map(train::batch).toList();
    long labels = micro.stream().mapToLong(MicroBatch::labelled).sum();
    return new Step() {
      @Override
      public List<MicroBatch> batches() {
        return micro;
      }

      @Override
      public double share(int batch) {
        return (double) micro.get(batch).labelled() / labels;
      }

      @Override
      public double gradients(int batch) {
        return decoder.gradients(micro.get(batch), 1.0 / labels, way) / labels;
      }
    };
  }

  @Override
  public Evaluation evaluate(Examples examples, List<int[]> batches) {
    var score = Score.NONE;
    for (var indexes : batches) {
      score = score.plus(decoder.evaluate(examples.batch(indexes)));
    }
    var figures = new LinkedHashMap<String, Number>();
    figures.put(Evaluation.PERPLEXITY, Math.exp(score.meanLoss()));
    figures.put("tokenAccuracy", score.accuracy());
    figures.put("tokens", score.labels());
    return new Evaluation(score.meanLoss(), figures);
  }
}
