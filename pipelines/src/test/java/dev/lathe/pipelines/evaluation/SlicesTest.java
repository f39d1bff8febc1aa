package dev.lathe.pipelines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.evaluation.Slices.Measured;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlicesTest {
  private static Measured measured(
      int number, String file, Map<String, String> metadata, List<SliceBy> by) {
    var conversation =
        new Conversation(
            "c" + number,
            List.of(Message.of(Role.USER, "q")),
            List.of(),
            null,
            null,
            new Conversation.Origin(file, number),
            metadata);
    var traits = Traits.of(conversation, by, new HashMap<>());
    return new Measured("c" + number, traits, 40L * number, 10L + number, 3.5 * number, number % 7);
  }

  private static List<Slice> in(Map<String, List<Slice>> slices, String kind) {
    return Objects.requireNonNull(slices.get(kind), kind);
  }

  @Test
  void theSumsOfTheSlicesAreTheWhole() {
    var by = SliceBy.of(List.of());
    var all = new ArrayList<Measured>();
    for (int i = 1; i <= 60; i++) {
      var metadata = new HashMap<String, String>();
      if (i % 3 == 0) {
        metadata.put("language", i % 2 == 0 ? "en" : "de");
      }
      metadata.put("topic", i % 10 == 0 ? " " : "t" + i); // 54 topics, 6 without
      all.add(measured(i, "log" + i % 4 + ".jsonl", metadata, by));
    }
    var slices = Slices.of(all, by);
    assertThat(slices).containsOnlyKeys("source", "language", "length", "topic");
    long labels = all.stream().mapToLong(Measured::labels).sum();
    double loss = all.stream().mapToDouble(Measured::loss).sum();
    long right = all.stream().mapToLong(Measured::right).sum();
    slices.forEach(
        (kind, told) -> {
          assertThat(told.stream().mapToLong(Slice::conversations).sum()).as(kind).isEqualTo(60);
          assertThat(told.stream().mapToLong(Slice::tokens).sum()).as(kind).isEqualTo(labels);
          assertThat(told.stream().mapToDouble(s -> s.loss() * s.tokens()).sum())
              .as(kind)
              .isCloseTo(loss, within(1e-9));
          assertThat(told.stream().mapToDouble(s -> s.tokenAccuracy() * s.tokens()).sum())
              .as(kind)
              .isCloseTo(right, within(1e-9));
          assertThat(told).allMatch(s -> s.perplexity() == Math.exp(s.loss()));
        });
    assertThat(in(slices, "length").stream().map(Slice::name))
        .startsWith("1-64", "65-128", "129-256")
        .last()
        .isEqualTo("2049-4096");
    assertThat(in(slices, "language").stream().map(Slice::name))
        .containsExactly("unknown", "en", "de");
    assertThat(in(slices, "topic")).hasSize(50);
    assertThat(in(slices, "topic").getFirst().name()).isEqualTo("unknown");
    assertThat(in(slices, "topic").getLast().name()).isEqualTo("6 others");
  }

  @Test
  void anyWordOfTheLogsIsASlice() {
    var by = SliceBy.of(List.of("metadata.rating", "topic"));
    var all =
        List.of(
            measured(1, "a", Map.of("rating", "good", "category", "trade"), by),
            measured(2, "a", Map.of("label", "sport"), by));
    var slices = Slices.of(all, by);
    assertThat(in(slices, "metadata.rating").stream().map(Slice::name))
        .containsExactly("unknown", "good");
    assertThat(in(slices, "topic").stream().map(Slice::name)).containsExactly("sport", "trade");
  }

  @ParameterizedTest
  @CsvSource({"lenght,Did you mean 'length'?", "colour,'Known: source, language, length, topic.'"})
  void anUnknownKindIsRefusedWithTheNearest(String name, String remedy) {
    assertThatThrownBy(() -> SliceBy.of(List.of("source", name)))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(name, remedy);
  }
}
