package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.training.TinyDesk;
import dev.lathe.registry.models.ModelVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrozenTestSetTest {
  @TempDir Path home;

  @Test
  void itIsTheTestSplitOfTheFirstVersionsDatasetAndStaysWhenDatasetsAreAdded() {
    var desk = new TinyDesk(home);
    var first = version(desk, 1, Map.of(Split.TRAIN, some(0, 20), Split.TEST, some(20, 30)));
    var before = FrozenTestSet.of(desk.datasets, first);
    version(desk, 2, Map.of(Split.TRAIN, some(0, 25), Split.TEST, some(25, 40)));
    var after = FrozenTestSet.of(desk.datasets, first);
    assertThat(after.sha256()).isEqualTo(before.sha256());
    assertThat(after.items())
        .extracting(HeldOut.Item::id)
        .containsExactlyInAnyOrderElementsOf(some(20, 30).stream().map(Conversation::id).toList());
    assertThat(after.conversations())
        .extracting(Conversation::id)
        .containsExactlyElementsOf(after.items().stream().map(HeldOut.Item::id).toList());
    assertThat(after.words()).startsWith("the test split of desk@1 (");
  }

  @Test
  void aDatasetWithoutTestSplitLendsItsValidationSplitAndThatIsSaid() {
    var desk = new TinyDesk(home);
    var first = version(desk, 1, Map.of(Split.TRAIN, some(0, 20), Split.VALIDATION, some(20, 28)));
    var test = FrozenTestSet.of(desk.datasets, first);
    assertThat(test.items()).hasSize(8);
    assertThat(test.words()).contains("the validation split of desk@1, which has no test split");
  }

  @Test
  void aDatasetWithNothingButTrainingIsNoGround() {
    var desk = new TinyDesk(home);
    var first = version(desk, 1, Map.of(Split.TRAIN, some(0, 20)));
    assertThatThrownBy(() -> FrozenTestSet.of(desk.datasets, first))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("neither a test nor a validation split");
  }

  @Test
  void anotherDatasetUnderTheSameNameIsNotTakenForIt() {
    var desk = new TinyDesk(home);
    var first = version(desk, 1, Map.of(Split.TRAIN, some(0, 4), Split.TEST, some(4, 8)));
    var stranger =
        new ModelVersion(
            first.version(),
            first.name(),
            first.number(),
            first.run(),
            first.dataset(),
            "another",
            first.base(),
            first.baseSha256(),
            first.templateSha256(),
            List.of(),
            Map.of(),
            Map.of(),
            List.of(),
            first.folder(),
            null,
            first.createdAt());
    assertThatThrownBy(() -> FrozenTestSet.of(desk.datasets, stranger))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("not the one that desk@1 was trained on");
  }

  @Test
  void overlapIsCountedByIdAndByTheVeryTokens() {
    var desk = new TinyDesk(home);
    var first = version(desk, 1, Map.of(Split.TRAIN, some(0, 20), Split.TEST, some(20, 30)));
    var test = FrozenTestSet.of(desk.datasets, first);
    assertThat(overlap(desk, test, first)).isZero();
    var renamed = copy(TinyDesk.conversation(22), "quite-new", TinyDesk.conversation(22));
    var changed = copy(TinyDesk.conversation(23), "desk-23", TinyDesk.conversation(3));
    var both = TinyDesk.conversation(24);
    var next =
        version(
            desk, 2, Map.of(Split.TRAIN, List.of(renamed, changed, both), Split.TEST, some(0, 2)));
    assertThat(overlap(desk, test, next)).isEqualTo(3);
  }

  @Test
  void anIdOfAnotherLogIsAnotherConversationUnlessTheTokensAreTheSame() {
    var desk = new TinyDesk(home);
    var first = version(desk, 1, Map.of(Split.TRAIN, some(0, 20), Split.TEST, some(20, 30)));
    var test = FrozenTestSet.of(desk.datasets, first);
    var namesake = copy(TinyDesk.conversation(23), "desk-23", TinyDesk.conversation(3));
    var other = Map.of(Split.TRAIN, List.of(namesake, TinyDesk.conversation(24)));
    assertThat(test.overlap(desk.dataset("chats", other, Map.of()))).isEqualTo(1);
    assertThat(test.overlap(desk.dataset("desk", other, Map.of()))).isEqualTo(2);
  }

  private static long overlap(TinyDesk desk, FrozenTestSet test, ModelVersion trained) {
    return test.overlap(desk.datasets.require(trained.dataset()));
  }

  @Test
  void everyDatasetOfAMixtureLendsItsShare() {
    var desk = new TinyDesk(home);
    var many = Map.of(Split.TRAIN, some(0, 20), Split.TEST, some(1000, 1400));
    var a = desk.dataset("a", many, Map.of());
    var b =
        desk.dataset("b", Map.of(Split.TRAIN, some(30, 40), Split.TEST, some(40, 90)), Map.of());
    var c = desk.dataset("c", Map.of(Split.TRAIN, some(90, 99)), Map.of());
    var test = FrozenTestSet.of(desk.datasets, desk.mixed("desk", 1, List.of(a, b, c), 6, 1, 1));
    var first =
        test.conversations().stream().filter(x -> Long.parseLong(x.id().substring(5)) >= 1000);
    assertThat(first.count()).isEqualTo((int) Math.ceil(200 * 6 / 7.0));
    assertThat(test.items()).hasSize((int) Math.ceil(200 * 6 / 7.0) + (int) Math.ceil(200 / 7.0));
    assertThat(test.conversations())
        .extracting(Conversation::id)
        .containsExactlyElementsOf(test.items().stream().map(HeldOut.Item::id).toList());
    assertThat(test.words()).contains("the test split of a@1, 172 of", "and the test split of b@1");
    assertThat(test.measured()).hasSize(2);
  }

  @Test
  void ofALargeSplitTheLowestHashesAreTakenWhateverStandsBeside() {
    var desk = new TinyDesk(home);
    var few = version(desk, 1, Map.of(Split.TRAIN, some(0, 2), Split.TEST, some(10, 400)));
    var test = FrozenTestSet.of(desk.datasets, few);
    assertThat(test.items()).hasSize(FrozenTestSet.MOST_CONVERSATIONS);
    assertThat(test.words()).contains("200 of its 390 conversations");
    assertThat(test.items().stream().mapToInt(HeldOut.Item::tokens).sum())
        .isLessThanOrEqualTo(FrozenTestSet.MOST_TOKENS);
  }

  @Test
  void windowsOfOneConversationAreOneConversation() {
    var desk = new TinyDesk(home);
    var windows =
        IntStream.range(0, 12)
            .mapToObj(
                i ->
                    copy(
                        TinyDesk.conversation(i),
                        "long-%d#%d".formatted(i / 3, 1 + i % 3),
                        TinyDesk.conversation(i)))
            .toList();
    var dataset =
        desk.dataset(
            "desk",
            Map.of(Split.TRAIN, some(50, 60), Split.TEST, windows),
            Map.of("truncation", "split"));
    var test = FrozenTestSet.of(desk.datasets, desk.version("desk", 1, dataset, home));
    assertThat(test.items()).hasSize(4).allSatisfy(i -> assertThat(i.examples()).hasSize(3));
    assertThat(test.measured().getFirst().examples()).hasSize(12);
  }

  private static List<Conversation> some(int from, int to) {
    return TinyDesk.conversations(from, to);
  }

  private static ModelVersion version(
      TinyDesk desk, int number, Map<Split, List<Conversation>> splits) {
    return desk.version("desk", number, desk.dataset("desk", splits, Map.of()), desk.home);
  }

  private static Conversation copy(Conversation c, String id, Conversation of) {
    return new Conversation(
        id, of.messages(), c.tools(), c.user(), c.feedback(), c.origin(), c.metadata());
  }
}
