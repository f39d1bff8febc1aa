package dev.lathe.serving.routing.tasks;

import static dev.lathe.serving.routing.tasks.LabelledPrompts.FOLDER;
import static dev.lathe.serving.routing.tasks.LabelledPrompts.asking;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainedClassifierTest {
  @TempDir Path folder;

  private static TrainedClassifier trained;
  private static byte[] bytes;

  @BeforeAll
  static void train() {
    var all = new ArrayList<>(LabelledRequest.read(FOLDER.resolve("prompts.jsonl")));
    all.addAll(LabelledRequest.read(FOLDER.resolve("later.jsonl")));
    trained = new ClassifierTraining(all, 7).train();
    bytes = ClassifierFile.bytes(trained);
  }

  private static List<LabelledRequest> some() {
    return LabelledRequest.read(FOLDER.resolve("later.jsonl")).subList(0, 60);
  }

  @Test
  void promptsThatItNeverSawAreMostlyToldApart() {
    var score = LabelledPrompts.score(trained, LabelledPrompts.read("unseen.jsonl"));
    assertThat(score.tasks() / (double) score.of()).isGreaterThan(0.85);
    assertThat(score.bands() / (double) score.of()).isGreaterThan(0.78);
  }

  @Test
  void theSameRequestsAndSeedGiveTheSameBytesAndAnotherSeedOthers() {
    var once = ClassifierFile.bytes(new ClassifierTraining(some(), 7).train());
    assertThat(ClassifierFile.bytes(new ClassifierTraining(some(), 7).train())).isEqualTo(once);
    assertThat(ClassifierFile.bytes(new ClassifierTraining(some(), 8).train())).isNotEqualTo(once);
  }

  @Test
  void aFileOfAQuarterMegabyteSaysWhatWasLearnt() {
    var file = folder.resolve("c.bin");
    assertThat(ClassifierTraining.write(trained, file)).isEqualTo(bytes.length).isLessThan(300_000);
    var read = TrainedClassifier.load(file);
    int same = 0;
    var unseen = LabelledPrompts.read("unseen.jsonl");
    for (var prompt : unseen) {
      same +=
          read.assess(prompt.request()).task() == trained.assess(prompt.request()).task() ? 1 : 0;
    }
    assertThat(same).as("rounded to a byte").isGreaterThanOrEqualTo(unseen.size() - 2);
    assertThat(read.assess(asking("Translate \"good night\" into Finnish.")))
        .satisfies(
            a -> {
              assertThat(a.task()).isEqualTo(TaskClass.TRANSLATION);
              assertThat(a.band()).isEqualTo(Band.LOW);
              assertThat(a.because()).anyMatch(b -> b.contains("translat"));
            });
  }

  @Test
  void eachFifthIsJudgedByWhatTheOthersTaught() {
    var heldOut = new ClassifierTraining(some(), 7).crossValidate();
    int counted =
        heldOut.confused().values().stream()
            .flatMap(row -> row.values().stream())
            .mapToInt(n -> n)
            .sum();
    assertThat(counted).isEqualTo(60).isEqualTo(heldOut.requests());
    assertThat(heldOut.taskAccuracy()).isBetween(0.5, 0.99);
  }

  private BadInput refused(byte[] content) throws IOException {
    var file = Files.write(folder.resolve("broken.bin"), content);
    var refusal = new BadInput[1];
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> TrainedClassifier.load(file))
        .satisfies(e -> refusal[0] = e);
    assertThat(refusal[0].remedy()).contains("router train");
    return refusal[0];
  }

  @Test
  void brokenAndForeignFilesAreRefused() throws IOException {
    for (int length : new int[] {8, 11, 12, 19, 20, 1000, bytes.length / 2, bytes.length - 1}) {
      assertThat(refused(Arrays.copyOf(bytes, length)).what()).contains("damaged");
    }
    assertThat(refused(Arrays.copyOf(bytes, bytes.length + 1)).value()).contains("follows its end");
    for (int at : new int[] {15, 19, 20, 5000, bytes.length - 1}) {
      var flipped = bytes.clone();
      flipped[at] ^= 1;
      assertThat(refused(flipped).what()).contains("damaged");
    }
    var later = bytes.clone();
    later[11]++;
    assertThat(refused(later).what()).contains("another version");
    assertThat(refused(new byte[0]).what()).contains("no trained classifier");
    assertThat(refused("{\"task\": \"code\"}".getBytes(UTF_8)).what())
        .contains("no trained classifier");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> TrainedClassifier.load(folder.resolve("nowhere.bin")))
        .withMessageContaining("cannot be read");
    assertThatExceptionOfType(BadInput.class).isThrownBy(() -> TrainedClassifier.load(folder));
  }

  @Test
  void linesThatAreNoLabelledRequestsAreToldWithTheirNumbers() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("l.jsonl"),
            """
            {"messages":[{"role":"user","content":"hi"}],"task":"greeting","complexity":"low"}

            {"messages":[{"role":"user","content":"hi"}],"task":"poem","complexity":"low"}
            {"messages":[],"task":"code","complexity":"low"}
            nonsense
            {"messages":[{"role":"user","content":"hi"}],"task":"code"}
            """);
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> LabelledRequest.read(file))
        .withMessageContaining("line 3: task 'poem' is none of greeting, simple_question")
        .withMessageContaining("line 4: 'messages' is empty")
        .withMessageContaining("line 5: no JSON object")
        .withMessageContaining("line 6: 'complexity' is missing");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> new ClassifierTraining(some().subList(0, 9), 7))
        .withMessageContaining("too few");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "„", "\uD83D", "漢", "word ", "1 + "})
  void anythingCanBeSaidAndNothingTakesLong(String text) {
    long start = System.nanoTime();
    var assessment = trained.assess(asking(text.repeat(200_000)));
    assertThat(assessment.because()).isNotEmpty();
    assertThat((System.nanoTime() - start) / 1e6).as("milliseconds").isLessThan(1_000);
  }
}
