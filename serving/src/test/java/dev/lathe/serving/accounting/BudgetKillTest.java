package dev.lathe.serving.accounting;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.experiments.Database;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was asked of a paid target is counted, though SIGKILL came before the log was written. */
class BudgetKillTest {
  @TempDir Path folder;

  @Test
  void nothingThatWasSpentIsForgottenWhenTheServerIsKilled() throws Exception {
    var file = folder.resolve("lathe");
    var process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Spender.class.getName(),
                    file.toString()))
            .redirectError(Redirect.to(folder.resolve("err").toFile()))
            .start();
    var asked = new ArrayList<String>();
    try {
      var in = process.inputReader();
      for (int i = 0; i < 500; i++) {
        asked.add(in.readLine());
      }
      process.toHandle().destroyForcibly(); // the process's own would close the pipe unread
      in.lines().filter(line -> line.matches("[1-9]")).forEach(asked::add);
      process.waitFor();
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(asked).as(Files.readString(folder.resolve("err"))).doesNotContainNull();
    long thousandths = asked.stream().mapToLong(Long::parseLong).sum();
    try (var database = Database.h2(file)) {
      var holds = new Holds(database.jdbc(), database.transactions());
      long before = holds.spent("shop", Instant.EPOCH);
      holds.adopt(Instant.now(), false);
      assertThat(holds.spent("shop", Instant.EPOCH)).as("booked once").isEqualTo(before);
      // At most the one request more that was held and not printed.
      assertThat(before / 1_000_000_000L).isBetween(thousandths, thousandths + 9);
    }
  }
}
