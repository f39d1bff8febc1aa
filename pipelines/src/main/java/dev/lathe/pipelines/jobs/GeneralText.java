package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What promotion gates hold against every model: plain text in several languages, and questions of
 * everyday life, both written for Lathe. They are frozen, because figures of different days are
 * compared; whoever changes a word changes the hash that stands in every promotion.
 */
final class GeneralText {
  private static final String BETWEEN_PASSAGES = "\n----\n";

  private GeneralText() {}

  static List<String> passages() {
    return List.of(read("general.txt").strip().split(BETWEEN_PASSAGES));
  }

  static String sha256() {
    return Sha256.of(read("general.txt"));
  }

  /** Questions, several of which ask for an answer of a word or two. */
  static List<String> questions() {
    return read("probes.txt").lines().toList();
  }

  private static String read(String name) {
    try (var in = GeneralText.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("this build carries no " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + name, e);
    }
  }
}
