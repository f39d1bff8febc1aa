package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.engine.Decoder.Score;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.pipelines.evaluation.Evaluation;
import dev.lathe.pipelines.evaluation.Options;
import dev.lathe.pipelines.evaluation.Slice;
import dev.lathe.pipelines.evaluation.SliceBy;
import dev.lathe.pipelines.evaluation.SplitReading;
import dev.lathe.pipelines.evaluation.Subject;
import dev.lathe.pipelines.evaluation.Turn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A really trained model on conversations it has not seen, one of them strange. */
class EvaluationTest {
  private static final TinyDesk.Trained TRAINED = TinyDesk.trained();
  private static DatasetVersion dataset;

  @BeforeAll
  static void conversationsOfTwoTopics() {
    var held = new ArrayList<Conversation>();
    for (var c : TinyDesk.conversations(124, 132)) {
      held.add(about(c, held.size() % 2 == 0 ? "parcels" : "repairs", c.messages()));
    }
    var strange =
        List.of(
            held.getFirst().messages().getFirst(),
            Message.of(Role.ASSISTANT, "ZZZ qqq, xkcd#7 in the order"));
    held.set(3, about(TinyDesk.conversation(200), "", strange));
    dataset =
        TRAINED
            .desk()
            .dataset("held", Map.of(Split.TRAIN, List.of(), Split.VALIDATION, held), Map.of());
  }

  private static Conversation about(Conversation c, String topic, List<Message> messages) {
    return new Conversation(
        c.id(), messages, List.of(), null, null, c.origin(), Map.of("topic", topic));
  }

  private static Evaluation evaluated(@Nullable String adapter, Options options) {
    var desk = TRAINED.desk();
    var subject =
        new Subject(
            desk.base,
            adapter == null ? null : Path.of(adapter),
            dataset,
            desk.datasets.folder(dataset),
            Split.VALIDATION,
            Map.of("precision", "fp32"));
    var reading = SplitReading.of(subject, options);
    return reading.told(EvaluateMain.evaluate(reading.request(desk.bases().toString())));
  }

  private static String good() {
    return Path.of(TRAINED.good().folder(), "adapter").toString();
  }

  private static Options answering(int answers) {
    return new Options(SliceBy.ALL, 3, answers, 40, Turn.LAST, null);
  }

  @Test
  void theWholeIsWhatTheDecoderSaysAndTheSlicesAreTheWhole() {
    var found = evaluated(null, Options.PLAIN);
    var desk = TRAINED.desk();
    try (var decoder = desk.open(LoraShape.none(desk.base.config()));
        var examples =
            new Examples(
                desk.datasets.folder(dataset).shard(Split.VALIDATION),
                0,
                desk.base.config().vocabSize())) {
      var score = Score.NONE;
      for (var batch : examples.inOrder(600)) {
        score = score.plus(decoder.evaluate(examples.batch(batch)));
      }
      assertThat(found.loss()).isCloseTo(score.meanLoss(), within(1e-6));
      assertThat(found.tokenAccuracy()).isEqualTo(score.accuracy());
      assertThat(found.tokens()).isEqualTo(score.labels());
    }
    assertThat(found.conversations()).isEqualTo(8);
    assertThat(found.slices()).containsOnlyKeys("source", "language", "length", "topic");
    found
        .slices()
        .forEach(
            (kind, slices) -> {
              assertThat(slices.stream().mapToLong(Slice::tokens).sum())
                  .as(kind)
                  .isEqualTo(found.tokens());
              assertThat(slices.stream().mapToDouble(s -> s.loss() * s.tokens()).sum())
                  .as(kind)
                  .isCloseTo(found.loss() * found.tokens(), within(1e-9));
            });
    assertThat(names(found, "topic")).containsExactlyInAnyOrder("parcels", "repairs", "unknown");
    assertThat(names(found, "language")).containsExactly("unknown");
    assertThat(names(found, "source")).containsExactly("desk.jsonl");
    assertThat(found.answers()).isNull();
  }

  private static List<String> names(Evaluation found, String kind) {
    return Objects.requireNonNull(found.slices().get(kind)).stream().map(Slice::name).toList();
  }

  @Test
  void theStrangeConversationIsTheWorstAndItsTokensSayWhy() {
    var found = evaluated(good(), answering(8));

    assertThat(found.worst()).hasSize(3);
    var worst = found.worst().getFirst();
    assertThat(worst.id()).isEqualTo("desk-200");
    assertThat(worst.source()).isEqualTo("desk.jsonl");
    assertThat(worst.line()).isEqualTo(201);
    assertThat(worst.excerpt()).isEqualTo("ZZZ qqq, xkcd#7 in the order");
    assertThat(worst.dearest()).hasSize(5);
    assertThat(worst.dearest().getFirst().loss())
        .isGreaterThan(worst.dearest().getLast().loss())
        .isGreaterThan(worst.loss());
    assertThat(worst.dearest())
        .allMatch(d -> worst.excerpt().contains(d.text().strip()))
        .anyMatch(d -> "Yes".startsWith(d.likeliest().strip()));
    assertThat(found.worst().get(1).loss()).isLessThan(worst.loss());

    var answers = Objects.requireNonNull(found.answers());
    assertThat(answers.figures().answers()).isEqualTo(8);
    assertThat(answers.figures().exactMatch().right()).isBetween(5L, 7L);
    assertThat(answers.figures().json()).isNull();
    assertThat(answers.figures().toolCalls()).isNull();
    assertThat(answers.callForm()).isEqualTo("hermes");
    assertThat(answers.passedOver()).isEmpty();
    assertThat(answers.items().get(0).reference()).startsWith("Yes, the ").endsWith(".");
    assertThat(answers.items())
        .filteredOn(i -> i.exact())
        .allMatch(i -> i.answer().equals(i.reference()));
    assertThat(answers.items().get(3).exact()).isFalse();
    assertThat(
            Objects.requireNonNull(answers.slices().get("topic")).stream()
                .mapToLong(f -> f.exactMatch().right())
                .sum())
        .isEqualTo(answers.figures().exactMatch().right());

    var untrained = Objects.requireNonNull(evaluated(null, answering(2)).answers());
    assertThat(untrained.figures().exactMatch().right()).isZero();
    assertThat(untrained.items()).hasSize(2);
  }

  @Test
  void whatCannotBeMeasuredIsRefusedBeforeAModelIsLoaded() {
    var desk = TRAINED.desk();
    var subject =
        new Subject(
            desk.base,
            Path.of("/no/such/adapter"),
            dataset,
            desk.datasets.folder(dataset),
            Split.TRAIN,
            Map.of());
    assertThatThrownBy(() -> SplitReading.of(subject, Options.PLAIN))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll("train split", "held@1", "--split validation");
    assertThatThrownBy(() -> evaluated(null, new Options(SliceBy.ALL, 5, 4, 40, Turn.CALL, null)))
        .hasMessageContainingAll("can be asked", "withoutCall=8");
    assertThatThrownBy(() -> evaluated(null, new Options(SliceBy.ALL, 5, 4, 4000, Turn.LAST, null)))
        .hasMessageContaining("tooLong=8");
    assertThatThrownBy(() -> new Options(SliceBy.ALL, -1, 0, 40, Turn.LAST, null))
        .hasMessageContainingAll("worst", "-1");
  }
}
