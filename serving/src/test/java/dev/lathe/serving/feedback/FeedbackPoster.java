package dev.lathe.serving.feedback;

import dev.lathe.serving.experiments.Database;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/**
 * A process that posts feedback until it is killed, and prints the id of each that it was told is
 * kept.
 */
final class FeedbackPoster {
  private FeedbackPoster() {}

  public static void main(String[] arguments) {
    var database = Database.h2(Path.of(arguments[0]));
    var feedback =
        new Feedback(
            database.jdbc(),
            id -> Optional.of(new AnsweredRequest("smollm2", "voice", 1, 0, id)),
            Clock.systemUTC());
    for (int i = 0; ; i++) {
      var said = feedback.post("a-" + i, new Reward.Thumb(i % 2 == 0), "word " + i).orElseThrow();
      System.out.println(said.feedback());
      System.out.flush();
    }
  }
}
