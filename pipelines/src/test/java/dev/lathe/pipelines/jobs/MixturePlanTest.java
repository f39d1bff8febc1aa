package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.training.TinyDesk;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class MixturePlanTest {
  @TempDir static Path home;
  private static TinyDesk desk;
  private static DatasetVersion a;
  private static DatasetVersion b;

  @BeforeAll
  static void datasets() {
    desk = new TinyDesk(home);
    a = dataset("a", TinyDesk.conversations(0, 4), Map.of());
    b = dataset("b", TinyDesk.conversations(4, 9), Map.of());
    dataset("b", TinyDesk.conversations(4, 10), Map.of());
    dataset("empty", List.of(), Map.of());
    dataset("prefs", TinyDesk.conversations(10, 12), Map.of("kind", "preference"));
  }

  private static DatasetVersion dataset(
      String name, List<Conversation> train, Map<String, Object> recipe) {
    return desk.dataset(name, Map.of(Split.TRAIN, train), recipe);
  }

  private static RunSpec.DatasetRef plan(String dataset, Map<String, String> set) {
    var request = new FinetuneRequest("tiny", dataset, "desk", null, set);
    var plan = new HomeFinetunePlan(desk.bases(), desk.home.resolve("datasets"));
    return plan.plan("20260101-0000-aaaa", request, Instant.EPOCH).dataset();
  }

  @Test
  void aMixtureIsWrittenDownWithItsVersionsAndWeights() {
    var mixture = plan(" a:7, b@1:3.50", Map.of());
    assertThat(mixture.ref()).isEqualTo("a@1:7,b@1:3.5");
    assertThat(mixture.parts())
        .extracting(RunSpec.DatasetRef.Part::id)
        .containsExactly(a.id(), b.id());
    assertThat(mixture.weights()).containsExactly(7, 3.5);
    assertThat(mixture.folder()).isEqualTo(desk.datasets.folder(a).path().toString());
    assertThat(mixture.id()).matches("[0-9a-f]{64}").isNotEqualTo(plan("a:7,b@1:3", Map.of()).id());

    var json = JsonMapper.builder().build();
    var text = json.writeValueAsString(mixture);
    assertThat(json.readValue(text, RunSpec.DatasetRef.class)).isEqualTo(mixture);
  }

  @Test
  void withoutWeightsEveryDatasetCountsByItsSize() {
    var mixture = plan("a,b", Map.of());
    assertThat(mixture.ref()).isEqualTo("a@1,b@2");
    assertThat(mixture.weights()).isEmpty();
  }

  @Test
  void oneDatasetIsWrittenDownAsItAlwaysWas() {
    var alone = plan("a:0.5", Map.of());
    assertThat(alone).isEqualTo(plan("a@1", Map.of()));
    assertThat(JsonMapper.builder().build().writeValueAsString(alone))
        .contains("\"ref\":\"a@1\"")
        .doesNotContain("mixture");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          a:0,b:1            | 'a:0': a weight is a number above 0
          a:-1,b:x           | 'b:x': a weight is a number above 0
          a:NaN,b:1          | 'a:NaN': a weight is a number above 0
          a:Infinity,b:1     | 'a:Infinity': a weight is a number above 0
          a:,b:1             | 'a:': a weight is a number above 0
          a,,b               | '' names no dataset
          a:0.7,b            | some datasets of the mixture have a weight and some have none: a:0.7,b
          a,a@1              | a dataset stands twice in the mixture: a@1
          a,nothing          | no such dataset: nothing
          a,b@9              | no such version: b@9
          a,empty            | The dataset has no labelled token to learn from: empty@1
          a,prefs            | holds both conversations and preferences: a@1 holds conversations, prefs@1 holds preferences
          """)
  void whatCannotBeMixedIsRefused(String dataset, String message) {
    assertThatThrownBy(() -> plan(dataset, Map.of()))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(message);
  }

  @Test
  void everyPartMustSuitTheObjective() {
    assertThatThrownBy(() -> plan("a,b", Map.of("objective", "kto")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("objective=kto learns preferences")
        .hasMessageContaining("a@1");
  }

  @Test
  void aRunIsNotReproducedWhenAPartIsAnother() {
    var plan = new HomeFinetunePlan(desk.bases(), desk.home.resolve("datasets"));
    var request = new FinetuneRequest("tiny", "a,b", "desk", null, null);
    var planned = plan.plan("20260101-0000-aaaa", request, Instant.EPOCH);
    plan.requireThere(planned);
    var json = JsonMapper.builder().build();
    var other = json.writeValueAsString(planned).replace("\"id-b2\"", "\"gone\"");
    assertThatThrownBy(() -> plan.requireThere(json.readValue(other, RunSpec.class)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("b@2 (id-b2). Restore the dataset gone");
  }
}
