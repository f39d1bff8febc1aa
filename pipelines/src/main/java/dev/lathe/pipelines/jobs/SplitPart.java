package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.cleaning.Contamination;
import dev.lathe.datasets.cleaning.Drop;
import dev.lathe.datasets.store.ConversationJson;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.Split;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The second step. Every conversation was given its split when it was read; what is left is to take
 * out of the training part what the other parts say too, where the recipe asks for it.
 */
final class SplitPart {
  private static final int BATCH = 64;

  private final Spool spool;
  private final Tally tally;
  private final Contamination contamination;
  private final InOrder<int[], List<Optional<Drop>>> checks;
  private final boolean wanted;
  private boolean held;
  private int drawn;
  private int judged;

  SplitPart(DatasetRecipe recipe, Spool spool, Tally tally, ExecutorService threads, int ahead) {
    this.spool = spool;
    this.tally = tally;
    this.wanted = recipe.decontaminate() > 0;
    this.contamination =
        new Contamination(Math.max(2, recipe.decontaminate()), recipe.decontaminateIgnore());
    this.checks = new InOrder<>(threads, ahead, this::draw, this::check);
  }

  int done() {
    return judged;
  }

  /** Checks on; false when all are checked. */
  boolean more() {
    if (!wanted) {
      return false;
    }
    if (!held) {
      for (int i = 0; i < spool.size(); i++) {
        if (spool.split(i) != Split.TRAIN) {
          contamination.hold(ConversationJson.read(spool.line(i)));
        }
      }
      held = true;
    }
    var found = checks.next();
    if (found == null) {
      return false;
    }
    for (var drop : found) {
      if (drop.isPresent()) {
        tally.drop(drop.get());
        spool.drop(judged);
      }
      judged++;
    }
    return true;
  }

  private int @Nullable [] draw() {
    if (drawn == spool.size()) {
      return null;
    }
    int from = drawn;
    drawn = Math.min(spool.size(), from + BATCH);
    return IntStream.range(from, drawn).toArray();
  }

  private List<Optional<Drop>> check(int[] batch) {
    var drops = new ArrayList<Optional<Drop>>(batch.length);
    for (int i : batch) {
      drops.add(
          spool.split(i) == Split.TRAIN
              ? contamination.check(ConversationJson.read(spool.line(i)))
              : Optional.empty());
    }
    return drops;
  }
}
