package dev.lathe.pipelines.suites;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * Prompts whose answers are scored together, by a rule and, where there is one, by a judge.
 *
 * @param maxTokens at which an answer is cut off
 * @param criteria what a judge decides
 * @param sha256 of the file, which is frozen: figures of different days are compared
 */
public record Suite(
    String name,
    String title,
    Rules rules,
    int maxTokens,
    List<Criterion> criteria,
    List<Aim> aims,
    List<SuitePrompt> prompts,
    String sha256) {

  /** The suites that Lathe carries. */
  public static final List<String> NAMES =
      List.of("coherence", "creative", "factual", "safety", "bias");

  public Suite {
    criteria = List.copyOf(criteria);
    aims = List.copyOf(aims);
    prompts = List.copyOf(prompts);
  }

  /**
   * One of {@link #NAMES}.
   *
   * @throws BadInput when there is none of this name
   */
  public static Suite named(String name) {
    if (!NAMES.contains(name)) {
      throw new BadInput(
          "there is no such suite",
          name,
          DidYouMean.remedy(name, NAMES) + " A file of your own ends in .yaml.");
    }
    return of(name, text(name));
  }

  /** A suite's file, as it is carried. */
  static String text(String name) {
    try (var in = Suite.class.getResourceAsStream(name + ".yaml")) {
      if (in == null) {
        throw new IllegalStateException("this build carries no suite " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the suite " + name, e);
    }
  }

  /**
   * Reads a suite.
   *
   * @param name what it is called where it does not say so itself
   * @param yaml docs/evaluation.md tells the keys
   * @throws BadInput naming everything that is wrong with it at once
   */
  public static Suite of(String name, String yaml) {
    return SuiteFile.read(name, yaml, Sha256.of(yaml));
  }

  /** What is counted: prompts, or pairs of them; in the file's order. */
  public Stream<String> units() {
    return prompts.stream().map(SuitePrompt::unit).distinct();
  }
}
