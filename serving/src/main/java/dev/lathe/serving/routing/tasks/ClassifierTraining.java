package dev.lathe.serving.routing.tasks;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.routing.tasks.Regression.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes a {@link TrainedClassifier} of labelled requests, and tells how good it is at unseen ones.
 */
public final class ClassifierTraining {
  private static final int FOLDS = 5;

  /** Fewer tell nothing when a fifth is held out. */
  private static final int LEAST = 50;

  /**
   * How often it was right about requests that it had not learnt from.
   *
   * @param confused for each kind, as what its requests were taken
   */
  public record HeldOut(
      int requests,
      int folds,
      int tasks,
      int bands,
      Map<TaskClass, Map<TaskClass, Integer>> confused) {
    public double taskAccuracy() {
      return tasks / (double) requests;
    }

    public double bandAccuracy() {
      return bands / (double) requests;
    }
  }

  private final List<LabelledRequest> labelled;
  private final List<Example> examples;
  private final long seed;

  /**
   * @throws BadInput when there are too few to learn anything from
   */
  public ClassifierTraining(List<LabelledRequest> labelled, long seed) {
    if (labelled.size() < LEAST) {
      throw new BadInput(
          "too few labelled requests",
          labelled.size() + ", and " + LEAST + " are the least",
          "Label more of them; 30 a kind of work are a good start.");
    }
    this.labelled = new ArrayList<>(labelled);
    this.seed = seed;
    Collections.shuffle(this.labelled, new Random(seed));
    this.examples =
        this.labelled.stream()
            .map(l -> new Example(Features.of(l.request()), l.task().ordinal(), l.band().ordinal()))
            .toList();
  }

  /** Learnt from all. */
  public TrainedClassifier train() {
    return train(examples);
  }

  private TrainedClassifier train(List<Example> some) {
    return new TrainedClassifier(
        Regression.train(some, Example::task, TaskClass.values().length, seed),
        Regression.train(some, Example::band, Band.values().length, seed));
  }

  /** Each fifth is judged by what was learnt from the other four. */
  public HeldOut crossValidate() {
    int tasks = 0;
    int bands = 0;
    Map<TaskClass, Map<TaskClass, Integer>> confused = new EnumMap<>(TaskClass.class);
    for (int fold = 0; fold < FOLDS; fold++) {
      var seen = new ArrayList<Example>();
      for (int i = 0; i < examples.size(); i++) {
        if (i % FOLDS != fold) {
          seen.add(examples.get(i));
        }
      }
      var classifier = train(seen);
      for (int i = fold; i < examples.size(); i += FOLDS) {
        var right = labelled.get(i);
        var found = classifier.assess(right.request());
        tasks += found.task() == right.task() ? 1 : 0;
        bands += found.band() == right.band() ? 1 : 0;
        confused
            .computeIfAbsent(right.task(), t -> new EnumMap<>(TaskClass.class))
            .merge(found.task(), 1, Integer::sum);
      }
    }
    return new HeldOut(examples.size(), FOLDS, tasks, bands, confused);
  }

  /**
   * Writes it whole or not at all.
   *
   * @return the bytes written
   * @throws BadInput when the file cannot be written
   */
  public static long write(TrainedClassifier classifier, Path file) {
    var bytes = ClassifierFile.bytes(classifier);
    var aside = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.write(aside, bytes);
      Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new BadInput(
          "the classifier cannot be written",
          file.toString(),
          "Name a file in a folder that is there and may be written to.",
          e);
    }
    return bytes.length;
  }
}
