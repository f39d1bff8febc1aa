package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.concurrent.Callable;

/** A command that asks the owner of the home. */
public abstract class HomeCommand extends LatheCommand implements Callable<Integer> {
  protected HomeCommand(Session session) {
    super(session);
  }

  /** Does the work; 0 when it is done. Errors are thrown, and {@link ExitStatus} maps them. */
  protected abstract int run(OwnerClient owner) throws Exception;

  @Override
  public final Integer call() throws Exception {
    try (var owner = session().connect()) {
      return run(owner);
    }
  }
}
