package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.tensors.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every family against transformers' and PEFT's numbers (benchmarks/reference/tiny_families.py).
 */
class FamiliesTest {
  static Stream<String> families() throws IOException {
    try (var folders = Files.list(Path.of("src/test/resources/reference/families"))) {
      return folders.map(f -> String.valueOf(f.getFileName())).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void logitsLossAndGradientsAreTransformersAndPefts(String family) {
    TinyLlamas.named("families/" + family).requireAgreement();
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen3", "gemma2", "phi", "phi3", "gpt2"}) // what is stacked otherwise
  void theFastPathAgreesWithTheTapeForEveryProjectionAlone(String family) {
    var tiny = TinyLlamas.named("families/" + family);
    var batch = MicroBatch.of(tiny.examples());
    for (var projection : tiny.config().projections()) {
      var lora = tiny.lora(List.of(projection));
      try (var decoder = tiny.open(Precision.FP32, lora)) {
        decoder.adapter().set(TinyLlamas.noise(lora));
        var fast = gradient(decoder, batch, Way.FAST);
        assertThat(TinyLlamas.relative(fast, gradient(decoder, batch, Way.TAPE)))
            .as(projection.path())
            .isLessThan(1e-5);
      }
    }
  }

  /** Token by token with a cache the same text comes out as by reading all of it again. */
  @ParameterizedTest
  @MethodSource("families")
  void generationSaysWhatTheLogitsSay(String family) {
    var tiny = TinyLlamas.named("families/" + family);
    var lora = tiny.lora();
    var prompts =
        List.of(
            Arrays.copyOf(tiny.examples().get(0).ids(), 23),
            Arrays.copyOf(tiny.examples().get(1).ids(), 31));
    try (var decoder = tiny.open(Precision.FP32, lora)) {
      decoder.adapter().set(tiny.adapter(lora));
      var answers = Greedy.answers(decoder, prompts, 8, done -> {});
      for (int p = 0; p < prompts.size(); p++) {
        var text = Arrays.stream(prompts.get(p)).boxed().toList();
        for (int token : answers.get(p)) {
          assertThat(token).isEqualTo(likeliest(decoder, text));
          text = Stream.concat(text.stream(), Stream.of(token)).toList();
        }
        if (answers.get(p).length < 8) {
          assertThat(decoder.config().endTokens()).contains(likeliest(decoder, text));
        }
      }
    }
  }

  private static int likeliest(Decoder decoder, List<Integer> text) {
    int[] ids = text.stream().mapToInt(i -> i).toArray();
    var row = decoder.logits(ids, new int[] {ids.length}, new int[] {ids.length - 1})[0];
    return IntStream.range(0, row.length).reduce((a, b) -> row[b] > row[a] ? b : a).getAsInt();
  }

  private static double[] gradient(Decoder decoder, MicroBatch batch, Way way) {
    decoder.adapter().zeroGradient();
    decoder.gradients(batch, 0.1, way);
    return decoder.adapter().gradientValues();
  }
}
