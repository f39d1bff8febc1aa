package dev.lathe.pipelines.training;

/**
 * The learning rate at every step: a linear warm-up from 0, then a decline to 0 at the last step's
 * end. Counted as Hugging Face's {@code get_cosine_schedule_with_warmup} counts, so that curves
 * compare: the first step of a warm-up has rate 0 and only feeds the moments.
 */
public record Schedule(Shape shape, double peak, long warmup, long steps) {
  /** What follows the warm-up. */
  public enum Shape {
    COSINE,
    LINEAR,
    CONSTANT
  }

  static Schedule of(Recipe recipe, long steps) {
    double warmup = recipe.warmup();
    long warmupSteps = (long) (warmup < 1 ? Math.ceil(warmup * steps) : warmup);
    return new Schedule(
        recipe.schedule(), recipe.learningRate(), Math.min(warmupSteps, steps), steps);
  }

  /**
   * @param step counted from 0
   */
  public double at(long step) {
    if (step < warmup) {
      return peak * step / warmup;
    }
    double done = (double) (step - warmup) / Math.max(1, steps - warmup);
    return switch (shape) {
      case COSINE -> peak * 0.5 * (1 + Math.cos(Math.PI * done));
      case LINEAR -> peak * Math.max(0, 1 - done);
      case CONSTANT -> peak;
    };
  }
}
