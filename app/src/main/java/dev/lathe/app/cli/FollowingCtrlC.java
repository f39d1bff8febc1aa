package dev.lathe.app.cli;

import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerClient;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * What Ctrl-C does while a run or a sweep is followed, until this is closed: the first one asks it
 * to stop at a checkpoint, where that is wanted, the next leaves it alone and ends the command.
 */
final class FollowingCtrlC implements AutoCloseable {
  /**
   * What is followed.
   *
   * @param path of the API, ends in its id
   * @param ends what is said when it ends with this command, which owns the home
   * @param goesOn what is said when it goes on without this command
   */
  record Followed(String path, String id, String ends, String goesOn) {}

  private final OwnerClient owner;
  private final Terminal terminal;
  private final Followed followed;
  private final SignalHandler previous;

  FollowingCtrlC(OwnerClient owner, Terminal terminal, Followed followed, boolean stops) {
    this.owner = owner;
    this.terminal = terminal;
    this.followed = followed;
    var times = new AtomicInteger();
    this.previous =
        Signal.handle(
            new Signal("INT"),
            signal -> {
              if (stops && times.getAndIncrement() == 0) {
                Thread.ofVirtual().name("ask to stop").start(this::askToStop);
              } else {
                leave();
              }
            });
  }

  private void askToStop() {
    say("stopping " + followed.id() + " at a checkpoint; Ctrl-C again leaves it.");
    try {
      owner.post(followed.path() + "/stop", Map.of(), OwnerClient.Repeat.SAFE);
    } catch (ApiError e) {
      // it has ended meanwhile: what is being followed will tell
    }
  }

  private void leave() {
    say(owner.owns() ? followed.ends() : followed.goesOn());
    // Off this thread: the shutdown waits for what this thread holds.
    Thread.ofPlatform().start(() -> System.exit(130));
  }

  private void say(String words) {
    terminal.err().println();
    terminal.err().println("lathe: " + words);
  }

  @Override
  public void close() {
    Signal.handle(new Signal("INT"), previous);
  }
}
