package dev.lathe.pipelines.training;

import dev.lathe.engine.device.ThreadTrial;

/** A process that says how fast it computes with so many threads: {@code ThreadsMain N}. */
public final class ThreadsMain {
  static final String SECONDS = "seconds=";

  private ThreadsMain() {}

  public static void main(String[] arguments) {
    System.out.println(SECONDS + ThreadTrial.seconds(Integer.parseInt(arguments[0])));
    System.exit(0); // PyTorch's threads do not end by themselves
  }
}
