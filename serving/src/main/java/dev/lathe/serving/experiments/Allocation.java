package dev.lathe.serving.experiments;

import dev.lathe.checkpoints.files.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Who belongs to which arm: a pure function of experiment, phase and subject, so that every server
 * says the same, after any restart, without asking anybody.
 *
 * <p>SHA-256 of {@code experiment NUL phase NUL subject} (UTF-8, the phase in decimal; an id has no
 * NUL, so no two triples make the same text) gives 256 bits; the first 53 of them, read as a big
 * endian number over 2<sup>53</sup>, are a uniform number in [0, 1). The arms lie side by side on
 * that line in their order, each as long as its share of the weights. Because the experiment and
 * the phase are hashed too, what a subject got elsewhere or before says nothing of what it gets
 * here.
 */
final class Allocation {
  private static final int BITS = 53;

  private Allocation() {}

  /** The arm's index in {@code arms}. */
  static int arm(String experiment, int phase, List<Arm> arms, String subject) {
    double total = 0;
    for (var arm : arms) {
      total += arm.weight();
    }
    double point = point(experiment, phase, subject) * total;
    double edge = 0;
    for (int i = 0; i < arms.size() - 1; i++) {
      edge += arms.get(i).weight();
      if (point < edge) {
        return i;
      }
    }
    return arms.size() - 1;
  }

  /** A uniform number in [0, 1). */
  static double point(String experiment, int phase, String subject) {
    var digest = Sha256.digest();
    digest.update((experiment + '\0' + phase + '\0' + subject).getBytes(StandardCharsets.UTF_8));
    return (ByteBuffer.wrap(digest.digest()).getLong() >>> (Long.SIZE - BITS)) * 0x1p-53;
  }
}
