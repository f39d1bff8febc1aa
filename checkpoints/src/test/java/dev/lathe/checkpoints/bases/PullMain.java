package dev.lathe.checkpoints.bases;

import java.nio.file.Path;

/** Pulls in a process of its own, to be killed or tried by hand: {@code PullMain FOLDER REF}. */
final class PullMain {
  private PullMain() {}

  public static void main(String[] arguments) {
    var store = new BaseStore(Path.of(arguments[0]));
    var last = new String[] {""};
    var base =
        new Pull(store)
            .pull(
                arguments[1],
                p -> {
                  if (!p.stage().equals(last[0])) {
                    System.out.println(p);
                    last[0] = p.stage();
                  }
                });
    System.out.println(base);
  }
}
