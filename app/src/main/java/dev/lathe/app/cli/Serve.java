package dev.lathe.app.cli;

import dev.lathe.app.owner.Door;
import dev.lathe.app.owner.Ownership;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Owns the home in the foreground until it is interrupted. */
@Command(name = "serve", description = "own the home and serve the API and the router until Ctrl-C")
public final class Serve extends LatheCommand implements Callable<Integer> {
  @Option(
      names = "--port",
      paramLabel = "N",
      description = "listen there (default: ${DEFAULT-VALUE}); 0 for any free port",
      defaultValue = "8080")
  int port;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "lathe.yaml (default: the home's own, if there is one)")
  @Nullable Path config;

  public Serve(Session session) {
    super(session);
  }

  @Override
  public Integer call() throws InterruptedException {
    if (port < 0 || port > 65_535) {
      throw new BadInput("a port lies between 0 and 65535", Integer.toString(port), "Mend --port.");
    }
    var home = session().home();
    var ownership =
        Ownership.take(home, session().server(), token -> new Door(token, port, true, config))
            .orElseThrow(
                () ->
                    new BadInput(
                        "the home has an owner already",
                        home.folder().toString(),
                        "Another command works on it: wait for its end, or stop the other serve."));
    var interrupted = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  ownership.close();
                  interrupted.countDown();
                },
                "give the home back"));
    var serving = Map.of("address", ownership.record().address(), "home", home.folder().toString());
    print(
        serving,
        s -> {
          terminal().out().println("serving " + s.get("home") + " at " + s.get("address"));
          terminal().out().println("Ctrl-C ends it.");
        });
    interrupted.await();
    return ExitStatus.DONE;
  }
}
