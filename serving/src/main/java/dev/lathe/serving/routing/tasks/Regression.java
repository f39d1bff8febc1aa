package dev.lathe.serving.routing.tasks;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToIntFunction;

/**
 * Multinomial logistic regression over {@link Features}: a weight for each pair of bucket and
 * class, found by AdaGrad (Duchi, Hazan and Singer, JMLR 2011) on the cross-entropy with a penalty
 * on large weights. The same examples and seed give the same weights, bit for bit.
 *
 * @param weights class by class within a bucket
 */
record Regression(int classes, float[] weights) {
  private static final int EPOCHS = 30;
  private static final float RATE = 0.2f;
  private static final float DECAY = 2e-4f;

  /** What an example is made of. */
  record Example(Features features, int task, int band) {}

  static Regression train(
      List<Example> examples, ToIntFunction<Example> label, int classes, long seed) {
    var regression = new Regression(classes, new float[Features.BUCKETS * classes]);
    var squares = new float[regression.weights.length];
    var random = new Random(seed);
    int[] order = new int[examples.size()];
    Arrays.setAll(order, i -> i);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (int i = order.length - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
      }
      for (int i : order) {
        var example = examples.get(i);
        regression.step(example.features(), label.applyAsInt(example), squares);
      }
    }
    return regression;
  }

  private void step(Features features, int label, float[] squares) {
    double[] wrong = probabilities(features);
    wrong[label] -= 1;
    for (int i = 0; i < features.size(); i++) {
      int at = features.bucket(i) * classes;
      for (int c = 0; c < classes; c++) {
        float gradient = (float) wrong[c] * features.value(i) + DECAY * weights[at + c];
        squares[at + c] += gradient * gradient;
        weights[at + c] -= RATE * gradient / (float) Math.sqrt(squares[at + c] + 1e-6f);
      }
    }
  }

  /** One a class; their sum is 1. */
  double[] probabilities(Features features) {
    double[] p = new double[classes];
    for (int i = 0; i < features.size(); i++) {
      int at = features.bucket(i) * classes;
      for (int c = 0; c < classes; c++) {
        p[c] += weights[at + c] * features.value(i);
      }
    }
    double most = Arrays.stream(p).max().orElse(0);
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      p[c] = StrictMath.exp(p[c] - most);
      sum += p[c];
    }
    for (int c = 0; c < classes; c++) {
      p[c] /= sum;
    }
    return p;
  }

  /** How much a feature speaks for a class, against the mean of all. */
  float speaksFor(Features features, int feature, int chosen) {
    int at = features.bucket(feature) * classes;
    float mean = 0;
    for (int c = 0; c < classes; c++) {
      mean += weights[at + c] / classes;
    }
    return (weights[at + chosen] - mean) * features.value(feature);
  }
}
