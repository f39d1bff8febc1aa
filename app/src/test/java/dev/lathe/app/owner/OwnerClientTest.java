package dev.lathe.app.owner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lathe.app.api.ApiServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OwnerClientTest {
  @TempDir Path folder;

  private OwnerClient client() {
    return new OwnerClient(new Home(folder), new ApiServer());
  }

  @Test
  void becomesTheOwnerWhereThereIsNoneAndLeavesNothingBehind() throws Exception {
    var record = folder.resolve("owner.json");
    try (var client = client()) {
      assertThat(client.get("health").path("pid").asLong())
          .isEqualTo(ProcessHandle.current().pid());
      assertThat(client.owns()).isTrue();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(record)))
          .isEqualTo("rw-------");
    }
    assertThat(record).doesNotExist();
  }

  @Test
  void ofManyThatStartAtOnceOneBecomesTheOwnerAndTheOthersItsClients() {
    var clients = new ArrayList<OwnerClient>();
    try {
      var asked = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < 4; i++) {
        var client = client();
        clients.add(client);
        asked.add(CompletableFuture.supplyAsync(() -> client.owner().address().toString()));
      }
      assertThat(asked.stream().map(CompletableFuture::join).distinct()).hasSize(1);
      assertThat(clients.stream().filter(OwnerClient::owns)).hasSize(1);
    } finally {
      clients.reversed().forEach(OwnerClient::close);
    }
  }

  @Test
  void afterKillNineTheNextCommandTakesTheHome() throws Exception {
    try (var killed = OwnerProcess.serving(folder)) {
      try (var client = client()) {
        assertThat(client.get("health").path("pid").asLong()).isEqualTo(killed.process().pid());
        assertThat(client.owns()).isFalse();
      }
      killed.kill();
    }
    assertThat(folder.resolve("owner.json")).as("what the killed one left").exists();
    try (var client = client()) {
      assertThat(client.get("health").path("pid").asLong())
          .isEqualTo(ProcessHandle.current().pid());
    }
    assertThat(folder.resolve("owner.json")).doesNotExist();
  }

  @Test
  void aStreamGoesOnWithoutGapOrRepetitionWhenItsOwnerIsKilledInMidFlow() throws Exception {
    try (var killed = OwnerProcess.serving(folder);
        var client = client()) {
      var seen = new ArrayList<Integer>();
      var pids = new ArrayList<Long>();
      var last = new AtomicInteger();
      client.follow(
          () -> "counting?after=" + last.get() + "&to=60",
          line -> {
            last.set(line.path("n").asInt());
            seen.add(last.get());
            pids.add(line.path("pid").asLong());
            if (last.get() == 10) {
              killed.process().destroyForcibly();
            }
            return true;
          });
      assertThat(seen).isEqualTo(java.util.stream.IntStream.rangeClosed(1, 60).boxed().toList());
      assertThat(pids.stream().distinct())
          .containsExactly(killed.process().pid(), ProcessHandle.current().pid());
    }
  }

  @Test
  void whatMustNotBeSentTwiceFailsWhenItsOwnerIsKilled() throws Exception {
    try (var killed = OwnerProcess.serving(folder);
        var client = client()) {
      client.owner();
      var answer =
          CompletableFuture.runAsync(
              () -> client.post("counting/work?millis=60000", Map.of(), OwnerClient.Repeat.NEVER));
      Thread.sleep(500);
      killed.kill();
      assertThatExceptionOfType(java.util.concurrent.CompletionException.class)
          .isThrownBy(answer::join)
          .withCauseInstanceOf(OwnerLost.class);
    }
  }

  @Test
  void anOwnerWaitsForTheWorkOfOthersBeforeItGivesTheHomeBack() throws Exception {
    var owner = client();
    owner.owner();
    try (var other = client()) {
      var stages = new ArrayList<String>();
      var work =
          CompletableFuture.supplyAsync(
              () ->
                  other.work(
                      "counting/work?millis=800",
                      Map.of(),
                      p -> stages.add(p.path("stage").asString(""))));
      while (stages.isEmpty()) {
        Thread.sleep(10);
      }
      owner.close();
      assertThat(work.join().path("done").asBoolean(false)).isTrue();
      assertThat(List.copyOf(stages)).containsOnly("working");
      assertThat(other.owns()).isFalse();
    }
  }

  @Test
  void aHomeThatCannotBeWrittenIsBadInput() throws Exception {
    var file = Files.writeString(folder.resolve("file"), "");
    try (var client = new OwnerClient(new Home(file), new ApiServer())) {
      assertThatExceptionOfType(dev.lathe.checkpoints.input.BadInput.class)
          .isThrownBy(() -> client.get("health"))
          .withMessageContaining("LATHE_HOME");
    }
  }
}
