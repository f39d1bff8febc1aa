package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A process that computes gradients for a run on one of its further devices: {@code ReplicaMain
 * DIRECTORY RANK CHECKPOINTING}. It takes orders from its standard input and ends with it; it
 * writes nothing into the run's directory.
 */
public final class ReplicaMain {
  private ReplicaMain() {}

  public static void main(String[] arguments) {
    var answers = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
    System.setOut(System.err); // the other one is the pipe's
    var ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> await(ended)));
    int status = 0;
    try {
      serve(
          RunDirectory.of(Path.of(arguments[0])),
          Integer.parseInt(arguments[1]),
          Checkpointing.valueOf(arguments[2]),
          answers);
    } catch (IOException e) {
      status = e instanceof EOFException ? 0 : 1; // the run's process has gone
    } catch (BadInput e) {
      status = 2;
      tell(answers, Frame.failure(Frame.REFUSED, String.valueOf(e.getMessage())));
    } catch (RuntimeException | OutOfMemoryError e) {
      status = 1;
      e.printStackTrace(); // into process.log
      tell(
          answers,
          Frame.failure(Frame.FAILED, e.getClass().getSimpleName() + ": " + e.getMessage()));
    }
    ended.countDown();
    System.exit(status);
  }

  /**
   * SIGTERM is for the run's process, which ends at a checkpoint: until then it wants gradients.
   */
  private static void await(CountDownLatch ended) {
    try {
      if (!ended.await(2, TimeUnit.MINUTES)) {
        Runtime.getRuntime().halt(1);
      }
    } catch (InterruptedException e) {
      Runtime.getRuntime().halt(1);
    }
  }

  private static void serve(
      RunDirectory run, int rank, Checkpointing checkpointing, OutputStream answers)
      throws IOException {
    var home = run.path().resolve("../..").normalize();
    try (var asked = Setup.of(run.readSpec(), home, rank)) {
      var setup = checkpointing == Checkpointing.BLOCK ? asked.withBlocksComputedAgain() : asked;
      var recipe = setup.recipe();
      var share = new Gradients.Share(recipe, rank, setup.devices().count());
      try (var decoder = setup.decoder()) {
        var adapter = decoder.adapter();
        var learning = Learning.of(recipe, decoder, setup.train(), null, setup.order());
        Frame.ready().write(answers);
        while (true) {
          var frame = Frame.read(System.in);
          var at = frame.at();
          adapter.set(frame.values());
          adapter.zeroGradient();
          decoder.enlarge(at.enlarged());
          var drawn = Drawn.at(at.position(), setup.order(), setup.train(), recipe, at.parts());
          var step = learning.step(drawn.examples());
          var losses = share.of(step, at);
          Frame.gradient(losses, step.tally(), adapter.gradient32()).write(answers);
        }
      }
    }
  }

  private static void tell(OutputStream answers, Frame failure) {
    try {
      failure.write(answers);
    } catch (IOException e) {
      // Nobody is there to be told.
    }
  }
}
