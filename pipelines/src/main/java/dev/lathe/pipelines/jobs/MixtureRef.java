package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.pipelines.supervision.RunSpec.DatasetRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a user names to train on: a dataset version, or several as {@code a@1:0.7,b@2:0.3}. All have
 * a weight, or none: then each counts by its size.
 */
record MixtureRef(String text, List<Named> parts) {
  /** More would hardly be meant, and their names must fit the registry's columns. */
  private static final int MOST = 32;

  private static final String REMEDY =
      "Write NAME@N:WEIGHT with commas between, such as support@1:0.7,chats@2:0.3, or no weights at"
          + " all.";

  /**
   * A part as it was asked for.
   *
   * @param dataset name@n, or a name for its latest version
   * @param weight null where none was given
   */
  record Named(String dataset, @Nullable Double weight) {}

  /** A part, found. */
  record Part(DatasetVersion version, @Nullable Double weight) {}

  /**
   * @throws BadInput naming every part that cannot be read, for weights at some parts only, or for
   *     too many parts
   */
  static MixtureRef parse(String text) {
    var parts = new ArrayList<Named>();
    var problems = new ArrayList<String>();
    for (var word : text.split(",", -1)) {
      parts.add(named(word.strip(), problems));
    }
    if (!problems.isEmpty()) {
      throw BadInput.all("not a mixture of datasets", problems, REMEDY);
    }
    long weighted = parts.stream().filter(p -> p.weight() != null).count();
    if (weighted > 0 && weighted < parts.size()) {
      throw new BadInput(
          "some datasets of the mixture have a weight and some have none",
          text,
          "Give every one a weight, or none: then each counts by its size.");
    }
    if (parts.size() > MOST) {
      throw new BadInput(
          "a mixture of more than " + MOST + " datasets",
          parts.size() + "",
          "Build one dataset of several logs: ./lathe dataset build LOG… --name NAME.");
    }
    return new MixtureRef(text, List.copyOf(parts));
  }

  private static Named named(String word, List<String> problems) {
    int colon = word.indexOf(':');
    var dataset = colon < 0 ? word : word.substring(0, colon);
    if (dataset.isEmpty()) {
      problems.add("'%s' names no dataset".formatted(word));
    }
    if (colon < 0) {
      return new Named(dataset, null);
    }
    double weight = number(word.substring(colon + 1));
    if (!(weight > 0) || Double.isInfinite(weight)) {
      problems.add("'%s': a weight is a number above 0".formatted(word));
    }
    return new Named(dataset, weight);
  }

  private static double number(String word) {
    try {
      return Double.parseDouble(word);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /**
   * The versions that are meant.
   *
   * @throws BadInput for one that is not there, or that is there twice
   */
  List<Part> find(DatasetStore datasets) {
    var known = new HashMap<String, String>();
    var found = new ArrayList<Part>();
    for (var part : parts) {
      var version = datasets.require(part.dataset());
      var before = known.put(version.id(), version.dataset());
      if (before != null) {
        throw new BadInput(
            before.equals(version.dataset())
                ? "a dataset stands twice in the mixture"
                : "two datasets of the mixture are the same by their content",
            before.equals(version.dataset()) ? before : before + " and " + version.dataset(),
            "Name it once, with the weight that it shall have.");
      }
      found.add(new Part(version, part.weight()));
    }
    return found;
  }

  /** What a run is told to train on; a mixture of one is that dataset. */
  static DatasetRef ref(List<Part> parts, DatasetStore datasets) {
    var refs =
        parts.stream()
            .map(
                p ->
                    new DatasetRef.Part(
                        p.version().dataset(),
                        p.version().id(),
                        datasets.folder(p.version()).path().toString(),
                        p.weight()))
            .toList();
    var first = refs.getFirst();
    if (refs.size() == 1) {
      return new DatasetRef(first.ref(), first.id(), first.folder());
    }
    var words = refs.stream().map(p -> p.ref() + weight(p)).collect(Collectors.joining(","));
    var contents = refs.stream().map(p -> p.id() + weight(p)).collect(Collectors.joining(","));
    return new DatasetRef(words, Sha256.of(contents), first.folder(), refs);
  }

  private static String weight(DatasetRef.Part part) {
    var weight = part.weight();
    return weight == null ? "" : ":" + weight.toString().replaceFirst("\\.0$", "");
  }
}
