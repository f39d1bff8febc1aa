package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.datasets.preference.Pairing.Pair;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.Preferences;
import dev.lathe.datasets.tokens.ShardWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.SplittableRandom;

/** Judged answers that can be told apart: liked ones count up, disliked ones down. */
final class PreferenceShards {
  private PreferenceShards() {}

  /** Contexts with a liked and a disliked answer each. */
  static void write(Path file, Base base, int contexts, long seed) {
    var random = new SplittableRandom(seed);
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var liked = new BitSet();
    var pairs = new ArrayList<Pair>();
    try (var out = new ShardWriter(file, base.tokenizerSha256(), base.templateSha256())) {
      for (int c = 0; c < contexts; c++) {
        int context = random.nextInt(6, 20);
        int start = random.nextInt(10, 40);
        for (int side = 0; side < 2; side++) {
          int answer = random.nextInt(4, 12);
          int[] ids = new int[context + answer];
          var labelled = new BitSet();
          for (int t = 0; t < ids.length; t++) {
            int said = t - context;
            ids[t] = said < 0 ? start + t % 3 : 60 + (side == 0 ? said : 15 - said);
            labelled.set(t, said >= 0);
          }
          out.add(new Example(c + (side == 0 ? "+" : "-"), ids, labelled, "made", ""));
        }
        liked.set(2 * c);
        pairs.add(new Pair(2 * c, 2 * c + 1));
      }
      out.finish(new Preferences(liked, pairs));
    }
  }
}
