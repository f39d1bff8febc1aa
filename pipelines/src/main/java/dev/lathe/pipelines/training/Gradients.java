package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import java.util.SplittableRandom;

/** Who computes the gradients of an optimizer step. */
interface Gradients {
  /**
   * Adds the gradient of every micro-batch's part of the step's loss to that of what is trained.
   *
   * @return the parts of the loss, micro-batch by micro-batch
   */
  double[] of(Learning.Step step, StepAt at);

  /**
   * Every {@code of}-th micro-batch, from one on, computed here: what one of so many processes has
   * to do. The parts of the others are 0.
   */
  record Share(Recipe recipe, int rank, int of) implements Gradients {
    static Share all(Recipe recipe) {
      return new Share(recipe, 0, 1);
    }

    @Override
    public double[] of(Learning.Step step, StepAt at) {
      var losses = new double[step.batches().size()];
      for (int i = rank; i < losses.length; i += of) {
        if (recipe.noise().isSome()) {
          Decoder.seed(noiseOf(at.step(), i));
        }
        losses[i] = step.gradients(i);
      }
      return losses;
    }

    /** The seed of a micro-batch's noise: the same whenever, and wherever, the run comes by. */
    private int noiseOf(long step, int batch) {
      return new SplittableRandom(((long) recipe.seed() << 32) ^ step).nextInt() + 31 * batch;
    }
  }
}
