package dev.lathe.serving.providers.llama.decoding;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Chooses one answer's tokens. */
final class Sampler {
  private static final int REPEAT_WINDOW = 64;

  /** A token less likely than the likeliest by this factor's exponential is never drawn. */
  private static final float NEGLIGIBLE = 25;

  private final Sampling sampling;
  private final Pieces pieces;
  private final @Nullable Constraint constraint;
  private final SplittableRandom random;
  private final ArrayDeque<Integer> recent = new ArrayDeque<>();
  private final Map<Integer, Integer> answered = new HashMap<>();

  Sampler(Sampling sampling, int[] prompt, Pieces pieces, @Nullable Constraint constraint) {
    this.sampling = sampling;
    this.pieces = pieces;
    this.constraint = constraint;
    this.random = new SplittableRandom(sampling.seed());
    for (int i = Math.max(0, prompt.length - REPEAT_WINDOW); i < prompt.length; i++) {
      recent.add(prompt[i]);
    }
  }

  /**
   * The next token.
   *
   * @param logits changed here
   * @throws IllegalStateException where no token can follow
   */
  int next(float[] logits) {
    penalise(logits);
    int token = draw(logits);
    if (!allowed(token)) {
      mask(logits);
      token = draw(logits);
    }
    accept(token);
    return token;
  }

  private void accept(int token) {
    recent.add(token);
    if (recent.size() > REPEAT_WINDOW) {
      recent.remove();
    }
    answered.merge(token, 1, Integer::sum);
    if (constraint != null && !pieces.ends(token)) {
      constraint.accept(pieces.of(token));
    }
  }

  private void penalise(float[] logits) {
    sampling
        .bias()
        .forEach(
            (token, bias) -> {
              logits[token] += bias.floatValue();
            });
    if (sampling.repeatPenalty() != 1) {
      float penalty = (float) sampling.repeatPenalty();
      for (int token : recent.stream().distinct().toList()) {
        logits[token] = logits[token] <= 0 ? logits[token] * penalty : logits[token] / penalty;
      }
    }
    if (sampling.presencePenalty() != 0 || sampling.frequencyPenalty() != 0) {
      answered.forEach(
          (token, times) ->
              logits[token] -=
                  (float) (sampling.presencePenalty() + times * sampling.frequencyPenalty()));
    }
  }

  private boolean allowed(int token) {
    if (constraint == null) {
      return true;
    }
    if (pieces.ends(token)) {
      return constraint.complete();
    }
    var piece = pieces.of(token);
    return piece.length > 0 && constraint.allows(piece);
  }

  /** Rules out what the constraint does not allow; only tokens that could still be drawn. */
  private void mask(float[] logits) {
    for (int token = 0; token < logits.length; token++) {
      if (logits[token] != Float.NEGATIVE_INFINITY && !allowed(token)) {
        logits[token] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  private int draw(float[] logits) {
    int likeliest = likeliest(logits);
    if (sampling.temperature() == 0 || sampling.topK() == 1) {
      return likeliest;
    }
    int[] order = ordered(logits, logits[likeliest]);
    double[] shares = new double[order.length];
    double sum = 0;
    for (int i = 0; i < order.length; i++) {
      shares[i] = Math.exp(logits[order[i]] - logits[likeliest]);
      sum += shares[i];
    }
    int kept = kept(shares, sum);
    double total = 0;
    for (int i = 0; i < kept; i++) {
      shares[i] = Math.exp((logits[order[i]] - logits[likeliest]) / sampling.temperature());
      total += shares[i];
    }
    double at = random.nextDouble() * total;
    for (int i = 0; i < kept; i++) {
      at -= shares[i];
      if (at < 0) {
        return order[i];
      }
    }
    return order[0];
  }

  /** How many of the likeliest top-p and min-p leave. */
  private int kept(double[] shares, double sum) {
    int kept = shares.length;
    if (sampling.topP() < 1) {
      double reached = 0;
      for (int i = 0; i < kept; i++) {
        reached += shares[i] / sum;
        if (reached >= sampling.topP()) {
          kept = i + 1;
        }
      }
    }
    while (kept > 1 && shares[kept - 1] < sampling.minP() * shares[0]) {
      kept--;
    }
    return kept;
  }

  /** Of equal ones the first, as PyTorch and llama.cpp have it. */
  static int likeliest(float[] logits) {
    int best = -1;
    float highest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] > highest) {
        highest = logits[i];
        best = i;
      }
    }
    if (best < 0 || highest == Float.POSITIVE_INFINITY) {
      throw new IllegalStateException(
          "the model gives no number for any next token, or the answer's form leaves none");
    }
    return best;
  }

  /** The tokens worth drawing from, the likeliest first. */
  private int[] ordered(float[] logits, float highest) {
    float floor = highest - NEGLIGIBLE * (float) Math.max(1, sampling.temperature());
    long[] keys = new long[256];
    int count = 0;
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] >= floor) {
        if (count == keys.length) {
          keys = Arrays.copyOf(keys, 2 * count);
        }
        // Sorts by falling logit, then by rising id: the distance is never negative, and the bits
        // of such floats sort as the floats do.
        keys[count++] = (long) Float.floatToIntBits(highest - logits[i]) << 32 | i;
      }
    }
    Arrays.sort(keys, 0, count);
    int most = sampling.topK() == 0 ? count : Math.min(count, sampling.topK());
    int[] order = new int[most];
    for (int i = 0; i < most; i++) {
      order[i] = (int) keys[i];
    }
    return order;
  }
}
