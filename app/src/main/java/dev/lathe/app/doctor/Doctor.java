package dev.lathe.app.doctor;

import dev.lathe.app.owner.Home;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Looks at everything at once; no check takes longer than some seconds. */
public final class Doctor {
  private final Home home;
  private final Map<String, String> environment;

  public Doctor(Home home, Map<String, String> environment) {
    this.home = home;
    this.environment = Map.copyOf(environment);
  }

  /** The findings, in the order in which a reader cares. */
  public List<Finding> examine() throws InterruptedException {
    var machine = new Machine(home);
    var tools = new Tools(environment);
    var natives = new Natives();
    return together(
        List.of(
            machine::jdk,
            tools::maven,
            natives::torch,
            natives::tokenizers,
            machine::processor,
            machine::memory,
            () -> tools.gpu(natives::cudaDevices),
            machine::writable,
            machine::disk,
            machine::loopback,
            machine::port,
            tools::pip,
            tools::hub,
            tools::keys,
            () -> tools.allocator(System.getenv())));
  }

  private static List<Finding> together(List<Callable<Finding>> checks)
      throws InterruptedException {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var findings = new ArrayList<Finding>();
      for (Future<Finding> answer : threads.invokeAll(checks)) {
        findings.add(answer.get());
      }
      return findings;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a check broke", e.getCause());
    }
  }
}
