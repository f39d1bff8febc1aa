package dev.lathe.pipelines.training;

import dev.lathe.pipelines.supervision.MemoryRoom;
import dev.lathe.pipelines.supervision.RunSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A worker process that says what a run would take: all that a run does before its first step. */
public final class EstimateMain {
  private EstimateMain() {}

  /**
   * @param home the folder that holds bases/ and runs/
   */
  public record Request(String home, RunSpec run) {}

  /**
   * What a run is expected to take.
   *
   * @param memoryMiB peak resident memory of its process; probePeakMiB what the probe of its
   *     dearest micro-batch, of so many tokens, came to
   * @param availableMiB what a process can have here now; null where that is not known
   * @param diskMiB what its directory will hold at its fullest
   * @param seconds from the first to the last optimizer step
   * @param parts how finely micro-batches have to be cut to fit, 1 for not at all
   * @param datasets what is trained on, each with its share and how often it is passed over
   * @param note what the user should know, else empty
   */
  public record Result(
      long steps,
      long tokens,
      String precision,
      long memoryMiB,
      @Nullable Long availableMiB,
      long diskMiB,
      long freeDiskMiB,
      double seconds,
      double tokensPerSecond,
      int parts,
      int probeTokens,
      long probePeakMiB,
      List<Mixture.Portion> datasets,
      String note) {}

  public static void main(String[] arguments) {
    WorkerIo.serve(Request.class, EstimateMain::estimate);
  }

  static Result estimate(Request request) {
    var home = Path.of(request.home());
    var available = new MemoryRoom().available();
    try (var asked = Setup.of(request.run(), home)) {
      var fitting = Fitting.of(asked, TrainingState.START, Cuts.NONE, false, available);
      var setup = fitting.setup();
      var estimate = fitting.estimate();
      try (var decoder = setup.decoder()) {
        var probe = Probe.of(setup, decoder, TrainingState.START, estimate);
        double seconds = estimate.seconds(probe);
        return new Result(
            setup.steps(),
            estimate.ahead().tokens(),
            setup.precision().wire(),
            Math.ceilDiv(estimate.memory(), Estimate.MIB),
            available.isPresent() ? available.getAsLong() / Estimate.MIB : null,
            Math.ceilDiv(estimate.disk(), Estimate.MIB),
            Files.getFileStore(home).getUsableSpace() / Estimate.MIB,
            seconds,
            estimate.ahead().tokens() / seconds,
            estimate.parts(),
            probe.tokens(),
            probe.peakMiB(),
            Mixture.of(setup).portions(),
            fitting.why());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look at " + home, e);
    }
  }
}
