package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.Decoder;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Data-parallel training: a process for each further device, every one with the whole model. At
 * each step a replica gets the adapter and computes its share of the micro-batches; the gradients
 * come back and are added up in the order of the devices, whichever was first, so that the sum is
 * the same to the last bit. The optimizer, its moments and all that is written are this process's
 * alone: a replica has nothing to lose, and ends when its pipe does.
 */
final class Replicas implements Gradients, AutoCloseable {
  private final Adapter adapter;
  private final Share own;
  private final List<Replica> others = new ArrayList<>();

  private Replicas(Adapter adapter, Share own) {
    this.adapter = adapter;
    this.own = own;
  }

  /**
   * Starts them, and waits until all have read the base.
   *
   * @throws BadInput when one of them cannot have its device
   */
  static Replicas start(RunDirectory run, Setup setup, Decoder decoder) {
    var devices = setup.devices();
    var replicas = new Replicas(decoder.adapter(), new Share(setup.recipe(), 0, devices.count()));
    try {
      for (int rank = 1; rank < devices.count(); rank++) {
        replicas.others.add(Replica.start(run, setup, rank));
      }
      replicas.others.forEach(replica -> replica.receive(Frame.READY));
      return replicas;
    } catch (RuntimeException e) {
      replicas.close();
      throw e;
    }
  }

  @Override
  public double[] of(Learning.Step step, StepAt at) {
    if (others.isEmpty()) {
      return own.of(step, at);
    }
    var order = Frame.step(at, adapter.values());
    others.forEach(replica -> replica.send(order));
    var losses = own.of(step, at);
    var sum = adapter.gradient32();
    for (var replica : others) {
      var found = replica.receive(Frame.GRADIENT);
      int batches = Math.toIntExact(found.numbers()[0]);
      for (int i = 0; i < batches; i++) {
        losses[i] += found.reals()[i]; // 0 where another process computed it
      }
      step.add(Arrays.copyOfRange(found.reals(), batches, found.reals().length));
      for (int i = 0; i < sum.length; i++) {
        sum[i] += found.values()[i];
      }
    }
    adapter.setGradient(sum);
    return losses;
  }

  @Override
  public void close() {
    others.forEach(Replica::close);
  }

  /** A replica ended without a word. */
  static final class Died extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Died(String device, int status, IOException cause) {
      super("the process that trains on " + device + " died, exit status " + status, cause);
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  private record Replica(String device, Process process, OutputStream orders, InputStream answers) {
    static Replica start(RunDirectory run, Setup setup, int rank) {
      var line = new ArrayList<>(RunCommand.of(ReplicaMain.class.getName()).java());
      line.add(1, "-XX:ErrorFile=" + run.path().resolve("crash-" + rank + ".log"));
      line.add(run.path().toString());
      line.add(Integer.toString(rank));
      line.add(setup.recipe().gradientCheckpointing().name());
      try {
        // The environment of a run process is this process's own.
        var process =
            new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        return new Replica(
            setup.devices().names().get(rank),
            process,
            new BufferedOutputStream(process.getOutputStream()),
            new BufferedInputStream(process.getInputStream(), 1 << 16));
      } catch (IOException e) {
        throw new UncheckedIOException("no process could be started for a device", e);
      }
    }

    void send(Frame frame) {
      try {
        frame.write(orders);
      } catch (IOException e) {
        throw died(e);
      }
    }

    Frame receive(byte kind) {
      try {
        var frame = Frame.read(answers);
        if (frame.kind() == Frame.REFUSED) {
          throw new BadInput("A device cannot be trained on", device, frame.text());
        }
        if (frame.kind() != kind) {
          throw new IllegalStateException("on " + device + ": " + frame.text());
        }
        return frame;
      } catch (IOException e) {
        throw died(e);
      }
    }

    private Died died(IOException e) {
      try {
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
      return new Died(device, process.isAlive() ? -1 : process.exitValue(), e);
    }

    void close() {
      try {
        orders.close(); // which it takes for the end
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (IOException e) {
        process.destroyForcibly();
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
