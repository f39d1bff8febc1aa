package dev.lathe.pipelines.training;

import dev.lathe.engine.AdamW;
import dev.lathe.engine.Decoder;
import dev.lathe.pipelines.training.Learning.Evaluation;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Training of an adapter, or of all weights: for every step, the gradient of the {@link Learning}'s
 * loss over {@code accumulate} micro-batches, one AdamW update, and the next learning rate.
 * Everything that surrounds it (files, journal, processes) stands behind {@link Watcher}.
 */
final class Loop {
  /** Told what happens, and asked between two steps whether to go on. */
  interface Watcher {
    /**
     * @param norm of the gradient; infinite where it taught nothing (see {@link LossScale})
     * @param figures what the objective has to tell besides
     */
    void stepped(
        TrainingState state,
        long steps,
        double epochs,
        double learningRate,
        double norm,
        Map<String, Double> figures);

    /** An evaluation begins, of so many tokens. */
    void evaluating(long step, long tokens);

    void evaluated(long step, Evaluation evaluation);

    void checkpoint(TrainingState state);

    /** The adapter as it stands shall answer the recipe's prompts. */
    void sample(long step);

    /** The adapter as it stands has the lowest validation loss so far. */
    void best(TrainingState state);

    /** Why the loop should end before its last step, or null to go on. */
    @Nullable Ending asked();
  }

  /** How a loop ended. */
  enum Ending {
    COMPLETED,
    STOPPED,
    PAUSED
  }

  /** The last state, its last evaluation (null without a validation split), and how it ended. */
  record Result(TrainingState state, @Nullable Evaluation evaluation, Ending ending) {}

  private final Decoder decoder;
  private final Recipe recipe;
  private final Examples train;
  private final @Nullable Examples validation;
  private final Watcher watcher;
  private final DataOrder order;
  private final Cuts cuts;
  private final Learning learning;
  private final Gradients gradients;
  private final long steps;

  Loop(
      Decoder decoder,
      Recipe recipe,
      Examples train,
      @Nullable Examples validation,
      DataOrder order,
      Cuts cuts,
      Gradients gradients,
      Watcher watcher) {
    this.decoder = decoder;
    this.recipe = recipe;
    this.train = train;
    this.validation = validation;
    this.watcher = watcher;
    this.order = order;
    this.cuts = cuts;
    this.gradients = gradients;
    this.steps = steps(recipe, order);
    this.learning = Learning.of(recipe, decoder, train, validation, order);
  }

  static long steps(Recipe recipe, DataOrder order) {
    return recipe.steps() > 0
        ? recipe.steps()
        : Math.max(
            1, Math.ceilDiv(order.microBatches(recipe.epochs()), (long) recipe.accumulate()));
  }

  long steps() {
    return steps;
  }

  Result run(TrainingState start) {
    var state = start;
    var schedule = Schedule.of(recipe, steps);
    var adamW = AdamW.of(recipe.weightDecay(), recipe.clip()).withFasterB(recipe.loraPlusRatio());
    var evaluation = state.step() == 0 ? evaluate(0) : null;
    if (evaluation != null) {
      state = state.withEvalLossBefore(evaluation.meanLoss());
    }
    long evaluatedAt = state.step() == 0 ? 0 : -1;
    if (state.step() == 0) {
      watcher.sample(0);
    }
    long began = System.nanoTime();

    while (state.step() < steps && !outOfPatience(state)) {
      var ending = watcher.asked();
      if (ending != null) {
        watcher.checkpoint(state);
        return new Result(state, evaluation, ending);
      }

      int parts = cuts.partsAfter(state.step());
      var drawn = Drawn.at(state.next(), order, train, recipe, parts);
      var step = learning.step(drawn.examples());

      decoder.trained().zeroGradient();
      decoder.enlarge(state.scale().factor());
      var losses =
          gradients.of(step, new StepAt(state.step(), state.next(), parts, state.scale().factor()));
      double loss = 0;
      for (double part : losses) {
        loss += part;
      }
      double rate = schedule.at(state.step());
      var scale = state.scale();
      double norm =
          decoder
              .trained()
              .update(adamW.withEnlarged(scale.factor()), rate, state.step() + 1 - scale.skipped());
      boolean taught = Double.isFinite(norm);
      if (!Double.isFinite(loss) || !taught && !scale.tooLarge()) {
        throw Diverged.noNumber(state.step() + 1, norm, drawn, losses);
      }

      state =
          state
              .advanced(drawn.next(), step.tokens(), step.labels(), loss)
              .withScale(taught ? scale.grown() : scale.shrunk());
      state = state.withSeconds(start.seconds() + (System.nanoTime() - began) / 1e9);
      var figures = step.figures();
      if (scale.scales()) {
        figures = new LinkedHashMap<>(figures);
        figures.put("lossScale", scale.factor());
      }
      watcher.stepped(state, steps, order.epochsAt(drawn.next()), rate, norm, figures);
      if (state.level().exploded(recipe.explosion())) {
        throw Diverged.exploded(state, drawn, step.means(losses));
      }
      if (due(recipe.evalEvery(), state.step())) {
        evaluation = evaluate(state.step());
        evaluatedAt = state.step();
        state = noted(state, evaluation);
      }
      if (due(recipe.sampleEvery(), state.step())) {
        watcher.sample(state.step());
      }
      if (due(recipe.checkpointEvery(), state.step())
          && !state.level().suspects(state.loss(), recipe.explosion())) {
        watcher.checkpoint(state);
      }
    }

    if (evaluatedAt != state.step()) {
      evaluation = evaluate(state.step());
      state = noted(state, evaluation);
    }
    watcher.sample(state.step());
    return new Result(state, evaluation, Ending.COMPLETED);
  }

  private boolean outOfPatience(TrainingState state) {
    return recipe.earlyStopping() > 0 && state.best().misses() >= recipe.earlyStopping();
  }

  private TrainingState noted(TrainingState state, @Nullable Evaluation evaluation) {
    if (evaluation == null || state.step() == 0) {
      return state;
    }
    var noted = state.evaluated(evaluation.meanLoss());
    if (noted.best().step() == state.step()) {
      watcher.best(noted);
    }
    return noted;
  }

  /**
   * Loss over the validation split, or as much of it as the recipe asks for, of a mixture with the
   * parts' shares in training as weights; null when there is none.
   */
  private @Nullable Evaluation evaluate(long step) {
    if (validation == null) {
      return null;
    }
    var held = validation;
    var parts = held.byPart(recipe.batchTokens() / cuts.partsAfter(step), recipe.evalTokens());
    watcher.evaluating(step, parts.stream().mapToLong(held::tokens).sum());
    var found = parts.stream().map(batches -> learning.evaluate(held, batches)).toList();
    var evaluation =
        found.size() == 1 ? found.getFirst() : Evaluation.mixed(held.names(), found, held.shares());
    watcher.evaluated(step, evaluation);
    return evaluation;
  }

  private boolean due(int every, long step) {
    return every > 0 && step % every == 0 && step < steps;
  }
}
