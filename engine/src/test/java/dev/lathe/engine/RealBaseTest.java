package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.Pull;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** SmolLM2-135M-Instruct itself against transformers; skipped where it cannot be pulled. */
@Tag("slow")
class RealBaseTest {
  private static final JsonNode REFERENCE =
      JsonMapper.builder()
          .build()
          .readTree(Path.of("src/test/resources/reference/smollm2-135m-instruct.json").toFile());

  @Test
  void logitsAreTransformersInSinglePrecision() {
    try (var decoder = open(Precision.FP32)) {
      for (var prompt : REFERENCE.get("prompts")) {
        int[] ids = TinyLlamas.ints(prompt.get("ids"));
        var logits = decoder.logits(ids, new int[] {ids.length}, new int[] {ids.length - 1})[0];
        assertClose(logits, prompt.get("topIds"), prompt.get("topLogits"));
        assertClose(logits, REFERENCE.get("fixedIds"), prompt.get("fixedLogits"));
      }
    }
  }

  @Test
  void theGreedyAnswerIsTransformers() {
    var greedy = REFERENCE.get("greedy");
    int[] expected = TinyLlamas.ints(greedy.get("answerIds"));
    try (var decoder = open(Precision.FP32)) {
      var answer =
          Greedy.answers(decoder, List.of(TinyLlamas.ints(greedy.get("ids"))), 40, n -> {})
              .getFirst();
      assertThat(answer).isEqualTo(Arrays.copyOf(expected, expected.length - 1));
    }
  }

  private static Base base() {
    try {
      var store = new BaseStore(Path.of("../.peers/bases"));
      return new Pull(store).pull("smollm2-135m-instruct", p -> {});
    } catch (BadInput e) {
      throw new TestAbortedException("the real base is not to be had: " + e.getMessage(), e);
    }
  }

  private static Decoder open(Precision precision) {
    var base = base();
    try (var weights = base.weights()) {
      return Decoder.open(
          weights, base.config(), LoraShape.none(base.config()), precision, TinyLlamas.CPU);
    }
  }

  /** The norm of the difference within 1e-4 of the norm of what transformers says. */
  private static void assertClose(double[] logits, JsonNode ids, JsonNode values) {
    double[] found = Arrays.stream(TinyLlamas.ints(ids)).mapToDouble(i -> logits[i]).toArray();
    double[] expected = new double[found.length];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = values.get(i).asDouble();
    }
    assertThat(TinyLlamas.relative(found, expected)).isLessThan(1e-4);
  }
}
