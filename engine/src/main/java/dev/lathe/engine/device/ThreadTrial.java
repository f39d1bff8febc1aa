package dev.lathe.engine.device;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** What training does most, timed with the threads that this process has. */
public final class ThreadTrial {
  private static final int REPEATS = 7;
  private static final int TOKENS = 1_024;
  private static final int WIDTH = 1_024;

  private ThreadTrial() {}

  /**
   * The fastest of some products (1024, 1024) x (1024, 1024) with an elementwise pass behind each.
   *
   * @param threads this must be the process's first use of PyTorch
   */
  public static double seconds(int threads) {
    ComputeDevice.open("cpu", threads);
    double best = Double.POSITIVE_INFINITY;
    try (var manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        var x = manager.randomUniform(-1, 1, new Shape(TOKENS, WIDTH));
        var w = manager.randomUniform(-1, 1, new Shape(WIDTH, WIDTH))) {
      for (int i = 0; i < REPEATS; i++) {
        long began = System.nanoTime();
        try (var y = x.matMul(w);
            var z = y.getNDArrayInternal().gelu()) {
          z.sum().getFloat();
        }
        best = Math.min(best, (System.nanoTime() - began) / 1e9);
      }
    }
    return best;
  }
}
