package dev.lathe.serving.providers.llama.decoding;

import dev.lathe.serving.providers.llama.library.Batch;
import dev.lathe.serving.providers.llama.library.LlamaModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * How many threads a model is computed with: what is fastest here and now. With as many as there
 * are cores, llama.cpp's threads spin against everything else on the machine, and one can be twice
 * as fast.
 *
 * @param answering threads of a step with one token
 * @param prompting threads of a step with many
 */
public record ThreadCount(int answering, int prompting, List<Measured> measured) {
  private static final int PROMPT = 32;
  private static final int TOKENS = 12;
  private static final long PATIENCE_NANOS = 400_000_000L;

  public ThreadCount {
    measured = List.copyOf(measured);
  }

  /** What one count of threads gave. */
  public record Measured(int threads, double tokensPerSecond, double promptTokensPerSecond) {}

  /** Tokens a second of one answer, as measured with the chosen count; 0 where nothing was. */
  public double tokensPerSecond() {
    return measured.stream()
        .filter(m -> m.threads() == answering)
        .mapToDouble(Measured::tokensPerSecond)
        .findFirst()
        .orElse(0);
  }

  /** A count that was asked for. */
  public static ThreadCount fixed(int threads) {
    return new ThreadCount(threads, threads, List.of());
  }

  /**
   * Measures 1, all but one, and all of the cores with a prompt and a handful of tokens each; a
   * slow model gets fewer tokens. Leaves the model set so, and empty.
   */
  public static ThreadCount measure(LlamaModel model, int cores) {
    var batch = new Batch(PROMPT);
    model.threads(1, 1);
    prompt(model, batch); // brings the weights into memory
    var measured = new ArrayList<Measured>();
    for (int threads : new TreeSet<>(List.of(1, Math.max(1, cores - 1), cores))) {
      model.threads(threads, threads);
      double prompt = prompt(model, batch);
      measured.add(new Measured(threads, tokens(model, batch), prompt));
    }
    model.forget();
    int answering = best(measured, Comparator.comparingDouble(Measured::tokensPerSecond));
    int prompting = best(measured, Comparator.comparingDouble(Measured::promptTokensPerSecond));
    model.threads(answering, prompting);
    return new ThreadCount(answering, prompting, measured);
  }

  private static int best(List<Measured> measured, Comparator<Measured> by) {
    return measured.stream().max(by).orElseThrow().threads();
  }

  private static double prompt(LlamaModel model, Batch batch) {
    model.forget();
    batch.clear();
    for (int i = 0; i < PROMPT; i++) {
      batch.add(token(model, i), i, 0, i == PROMPT - 1);
    }
    long began = System.nanoTime();
    step(model, batch);
    return PROMPT * 1e9 / (System.nanoTime() - began);
  }

  /** The median of a few steps, each of one token after the prompt. */
  private static double tokens(LlamaModel model, Batch batch) {
    var nanos = new ArrayList<Long>();
    long until = System.nanoTime() + PATIENCE_NANOS;
    for (int i = 0; i < TOKENS && (nanos.size() < 2 || System.nanoTime() < until); i++) {
      batch.clear();
      batch.add(token(model, i), PROMPT + i, 0, true);
      long began = System.nanoTime();
      step(model, batch);
      nanos.add(System.nanoTime() - began);
    }
    nanos.sort(Comparator.naturalOrder());
    return 1e9 / nanos.get(nanos.size() / 2);
  }

  private static void step(LlamaModel model, Batch batch) {
    if (model.decode(batch, 0, batch.size()) != LlamaModel.Step.DONE) {
      throw new IllegalStateException("the model cannot compute a step");
    }
  }

  private static int token(LlamaModel model, int i) {
    return i % model.vocabularySize();
  }
}
