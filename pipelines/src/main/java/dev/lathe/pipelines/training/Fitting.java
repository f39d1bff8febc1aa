package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.program.Archive.Checkpointing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * Whether a run fits the machine, and what is done so that it does: first blocks are computed again
 * instead of kept, which changes no bit, if the recipe leaves that open; then micro-batches are
 * cut.
 *
 * @param setup of the run as it will be, estimate of it
 * @param changed whether that is otherwise than before
 * @param why it is, for the user; empty when it is not
 */
record Fitting(Setup setup, Estimate estimate, boolean changed, String why) {
  /**
   * @param before what was done for memory so far
   * @param ranOut whether the last attempt at this run died for want of memory
   * @param available bytes that the process can have, if that is known
   * @throws BadInput when even single conversations are too much
   */
  static Fitting of(
      Setup asked, TrainingState state, Cuts before, boolean ranOut, OptionalLong available) {
    var setup = before.blocks() ? asked.withBlocksComputedAgain() : asked;
    var first =
        new Fitting(setup, Estimate.of(setup, state, before.partsAfter(state.step())), false, "");
    var now = ranOut ? first.smaller(state, "Memory ran out") : first;
    long room = available.orElse(Long.MAX_VALUE);
    while (now.estimate.memory() > room) {
      now = now.smaller(state, tooMuch(now.estimate, room));
    }
    if (now == first) {
      return first;
    }
    var why = ranOut ? "Memory ran out" : tooMuch(first.estimate, room);
    return new Fitting(now.setup, now.estimate, true, why + ": " + now.told());
  }

  private String told() {
    int tokens = setup.recipe().batchTokens();
    return (blocks() ? "blocks are computed again on the way back, which is slower" : "")
        + (blocks() && estimate.parts() > 1 ? ", and " : "")
        + (estimate.parts() > 1
            ? String.format(
                Locale.ROOT,
                "micro-batches of %,d tokens are computed in parts of at most %,d",
                tokens,
                tokens / estimate.parts())
            : "")
        + ". An optimizer step learns from the same conversations.";
  }

  private boolean blocks() {
    return setup.recipe().gradientCheckpointing() == Checkpointing.BLOCK;
  }

  /** What is written down so that a resume does the same. */
  Cuts.Cut cut(TrainingState state) {
    return new Cuts.Cut(state.step(), estimate.parts(), blocks());
  }

  private Fitting smaller(TrainingState state, String why) {
    boolean byTape = // which keeps everything
        setup.recipe().gradients() == Way.TAPE || setup.base().config().isEncoderDecoder();
    if (setup.recipe().gradientCheckpointing() == Checkpointing.AUTO && !byTape) {
      var leaner = setup.withBlocksComputedAgain();
      return new Fitting(leaner, Estimate.of(leaner, state, estimate.parts()), true, "");
    }
    if (estimate.ahead().dearest().length <= 1) {
      throw new BadInput(
          why + ", and no micro-batch can be cut further",
          "the longest conversation alone has %,d tokens"
              .formatted(setup.train().longest(estimate.ahead().dearest())),
          setup.recipe().training().full()
              ? "Set adapter=lora, which wants a fraction of it, or free memory."
              : (setup.recipe().modulesToSave().isEmpty()
                      ? ""
                      : "Set trainTokens=added instead of modulesToSave. ")
                  + "Set maxLength lower, hold the base packed (baseFormat=nf4), lower rank, or"
                  + " free memory.");
    }
    return new Fitting(setup, Estimate.of(setup, state, 2 * estimate.parts()), true, "");
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
