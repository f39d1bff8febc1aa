package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Whether a run fits the machine, and how finely its micro-batches have to be cut for it. The other
 * way out of too little memory, computing layers again instead of keeping what they did, would be
 * chosen here too.
 *
 * @param estimate of the run as it will be
 * @param cut whether it is cut more finely than before
 * @param why it is, for the user; empty when it is not
 */
record Fitting(Estimate estimate, boolean cut, String why) {
  /**
   * @param parts how finely micro-batches are cut so far
   * @param ranOut whether the last attempt at this run died for want of memory
   * @param available bytes that the process can have, if that is known
   * @throws BadInput when even single conversations are too much
   */
  static Fitting of(
      Setup setup, TrainingState state, int parts, boolean ranOut, OptionalLong available) {
    var whole = Estimate.of(setup, state, parts);
    var now = ranOut ? finer(setup, state, whole, "Memory ran out") : whole;
    long room = available.orElse(Long.MAX_VALUE);
    while (now.memory() > room) {
      now = finer(setup, state, now, tooMuch(now, room));
    }
    if (now == whole) {
      return new Fitting(now, false, "");
    }
    var why = ranOut ? "Memory ran out" : tooMuch(whole, room);
    int tokens = setup.recipe().batchTokens();
    return new Fitting(
        now,
        true,
        "%s: micro-batches of %,d tokens are computed in parts of at most %,d. An optimizer step learns from the same conversations."
            .formatted(why, tokens, tokens / now.parts()));
  }

  private static Estimate finer(Setup setup, TrainingState state, Estimate from, String why) {
    if (from.ahead().dearest().length <= 1) {
      throw new BadInput(
          why + ", and no micro-batch can be cut further",
          "the longest conversation alone has %,d tokens"
              .formatted(setup.train().longest(from.ahead().dearest())),
          "Set maxLength lower, hold the base packed (baseFormat=nf4), lower rank, or free memory.");
    }
    return Estimate.of(setup, state, 2 * from.parts());
  }

  private static String tooMuch(Estimate estimate, long room) {
    return "The run would want %,d MiB and %,d MiB can be had"
        .formatted(Math.ceilDiv(estimate.memory(), Estimate.MIB), room / Estimate.MIB);
  }

  /**
   * @param run the run's directory, with what it holds already
   * @throws BadInput when what is still to be written does not fit the disk
   */
  void requireDisk(Path run) {
    try (var files = Files.walk(run)) {
      long there = 0;
      for (var file : files.filter(Files::isRegularFile).toList()) {
        there += Files.size(file);
      }
      DiskFull.require(run, Math.max(0, estimate.disk() - there));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look at " + run + ": " + e.getMessage(), e);
    }
  }
}
