package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.generation.Greedy;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Noise;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DecoderTest {
  private final TinyLlamas tiny = TinyLlamas.named("tiny-llama");

  @Test
  void conversationsLaidEndToEndDoNotSeeEachOther() {
    var lora = tiny.lora();
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      decoder.adapter().set(Adapter.initial(lora, 3));
      double together = decoder.evaluate(MicroBatch.of(tiny.examples())).loss();
      double alone =
          tiny.examples().stream()
              .mapToDouble(s -> decoder.evaluate(MicroBatch.of(List.of(s))).loss())
              .sum();
      assertThat(together).isCloseTo(alone, within(1e-10));
    }
  }

  @Test
  void scoresOfPositionsAddUpToTheEvaluationAndComeFromTheLogits() {
    var lora = tiny.lora();
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      decoder.adapter().set(Adapter.initial(lora, 3));
      var batch = MicroBatch.of(tiny.examples());
      var sums = decoder.evaluate(batch);
      var scores = decoder.scores(batch);
      assertThat(-Arrays.stream(scores.label()).sum()).isCloseTo(sums.loss(), within(1e-9));
      assertThat(
              IntStream.range(0, batch.labelled())
                  .filter(i -> scores.likeliest()[i] == batch.labels()[i])
                  .count())
          .isEqualTo(sums.right());
      var logits = decoder.logits(batch.ids(), batch.lengths(), batch.at());
      for (int i = 0; i < batch.labelled(); i++) {
        double all = Math.log(Arrays.stream(logits[i]).map(Math::exp).sum());
        double best = logits[i][scores.likeliest()[i]];
        assertThat(Arrays.stream(logits[i]).max().getAsDouble()).isEqualTo(best);
        assertThat(scores.best()[i]).isCloseTo(best - all, within(1e-9));
        assertThat(scores.label()[i]).isCloseTo(logits[i][batch.labels()[i]] - all, within(1e-9));
      }
    }
  }

  @Test
  void anAdapterOfZerosIsTheBaseBitForBitAndAPositionMayHaveSeveralLabels() {
    var batch = MicroBatch.of(tiny.examples());
    int at = batch.at()[3];
    var twice = new MicroBatch(batch.ids(), batch.lengths(), new int[] {at, at}, new int[] {5, 6});
    var lora = tiny.lora();
    try (var adapted = tiny.open(Precision.FP32, lora);
        var bare = tiny.open(Precision.FP32, LoraShape.none(adapted.config()))) {
      adapted.adapter().set(Adapter.initial(lora, 3));
      adapted.adapter().set(new float[lora.size()]);
      assertThat(adapted.scores(batch).label()).isEqualTo(bare.scores(batch).label());
      var two = bare.scores(twice);
      assertThat(two.best()[0]).isEqualTo(two.best()[1]);
      assertThat(two.label()[0]).isNotEqualTo(two.label()[1]);
    }
  }

  @Test
  void aFreshAdapterLeavesTheBaseAsItIs() {
    var lora = tiny.lora();
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      decoder.adapter().set(Adapter.initial(lora, 3));
      assertThat(decoder.evaluate(batch).meanLoss())
          .isCloseTo(tiny.json("numbers.json").get("baseLoss").asDouble(), within(1e-10));
    }
  }

  @Test
  void generationWithACacheEqualsGenerationWithoutForPromptsOfDifferentLengths() {
    var lora = tiny.lora();
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      var prompts =
          tiny.examples().stream().map(e -> Arrays.copyOf(e.ids(), e.ids().length / 2)).toList();
      var answers = Greedy.answers(decoder, prompts, 12, n -> {});
      for (int p = 0; p < prompts.size(); p++) {
        assertThat(answers.get(p)).isEqualTo(withoutCache(decoder, prompts.get(p), 12));
      }
    }
  }

  @Test
  void gradientsOfMicroBatchesAddUpToThatOfTheWholeBatch() {
    var lora = tiny.lora();
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      decoder.adapter().set(Adapter.initial(lora, 3));
      var whole = MicroBatch.of(tiny.examples());
      double weight = 1.0 / whole.labelled();
      decoder.gradients(whole, weight, Way.FAST);
      var expected = decoder.adapter().gradientValues();
      decoder.adapter().zeroGradient();
      tiny.examples().forEach(s -> decoder.gradients(MicroBatch.of(List.of(s)), weight, Way.FAST));
      assertThat(TinyLlamas.relative(decoder.adapter().gradientValues(), expected))
          .isLessThan(1e-12);
    }
  }

  /**
   * One conversation of a whole tile, so that both ways draw the same numbers in the same order.
   */
  @Test
  void dropoutAndNoiseHaveTheTapesGradientsAndTheirSeedDecides() {
    var ids = IntStream.range(0, 64).map(i -> 3 + 7 * i % 290).toArray();
    var batch = MicroBatch.of(List.of(new MicroBatch.Sequence(ids, ids)));
    var lora = tiny.lora();
    try (var decoder = tiny.open(Precision.FP64, lora, Training.PLAIN.with(new Noise(0.3, 5)))) {
      decoder.adapter().set(Adapter.initial(lora, 3));
      step(decoder, batch, 1); // B is no longer zero
      var first = seeded(decoder, batch, 1, Way.FAST);
      assertThat(seeded(decoder, batch, 1, Way.FAST)).isEqualTo(first);
      assertThat(TinyLlamas.relative(seeded(decoder, batch, 1, Way.TAPE), first)).isLessThan(1e-9);
      assertThat(TinyLlamas.relative(seeded(decoder, batch, 2, Way.FAST), first))
          .isGreaterThan(0.1);
      assertThat(decoder.evaluate(batch).loss()).isEqualTo(decoder.evaluate(batch).loss());
    }
  }

  /** Conversations of several blocks of queries, dropout and all: what is kept changes no bit. */
  @ParameterizedTest
  @EnumSource(Checkpointing.class)
  void computingAgainGivesTheBitsOfKeeping(Checkpointing checkpointing) {
    var long1 = IntStream.range(0, 300).map(i -> 3 + 7 * i % 290).toArray();
    var short1 = Arrays.copyOf(long1, 70);
    var batch =
        MicroBatch.of(
            List.of(
                new MicroBatch.Sequence(long1, long1), new MicroBatch.Sequence(short1, short1)));
    var noisy = Training.PLAIN.with(new Noise(0.3, 0));
    var lora = tiny.lora();
    try (var kept = tiny.open(Precision.FP32, lora, noisy.with(Checkpointing.NONE));
        var other = tiny.open(Precision.FP32, lora, noisy.with(checkpointing))) {
      for (var decoder : List.of(kept, other)) {
        decoder.adapter().set(Adapter.initial(lora, 3));
        Decoder.seed(4);
        step(decoder, batch, 1); // B is no longer zero
      }
      var expected = seeded(kept, batch, 5, Way.FAST);
      assertThat(Arrays.equals(seeded(other, batch, 5, Way.FAST), expected)).isTrue();
    }
  }

  private static double[] seeded(Decoder decoder, MicroBatch batch, int seed, Way way) {
    decoder.adapter().zeroGradient();
    Decoder.seed(seed);
    decoder.gradients(batch, 0.1, way);
    return decoder.adapter().gradientValues();
  }

  @Test
  void loraPlusMovesBFasterAndAAsBefore() {
    var lora = tiny.lora();
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      var start = Adapter.initial(lora, 3);
      var moved = new float[2][];
      for (int ratio : new int[] {1, 4}) {
        decoder.adapter().restore(start, new float[start.length], new float[start.length]);
        decoder.adapter().zeroGradient();
        decoder.gradients(batch, 1.0 / batch.labelled(), Way.FAST);
        decoder.adapter().update(AdamW.of(0, 1).withFasterB(ratio), 1e-2, 1);
        moved[ratio / 4] = decoder.adapter().values();
      }
      int a = lora.sizeOfA();
      assertThat(Arrays.copyOf(moved[1], a)).isEqualTo(Arrays.copyOf(moved[0], a));
      for (int i = a; i < start.length; i++) {
        assertThat(moved[1][i]).isCloseTo(4 * moved[0][i], within(1e-6f)); // B begins at zero
      }
    }
  }

  @Test
  void noNativeArrayIsLeftBehindByAStep() {
    var lora = tiny.lora();
    var batch = MicroBatch.of(tiny.examples());
    try (var decoder = tiny.open(Precision.BF16, lora)) {
      var counts = new ArrayList<Integer>();
      for (int step = 1; step <= 5; step++) {
        decoder.adapter().zeroGradient();
        decoder.gradients(batch, 1, Way.FAST);
        decoder.gradients(batch, 1, Way.TAPE);
        decoder.adapter().update(AdamW.of(0, 1), 1e-3, step);
        decoder.evaluate(batch);
        decoder.scores(batch);
        Greedy.answers(decoder, List.of(new int[] {1, 2, 3}), 3, n -> {});
        counts.add(decoder.managedArrays());
      }
      assertThat(counts).containsOnly(counts.getFirst());
    }
  }

  @Test
  void aRestoredAdapterGoesOnBitForBit() {
    var lora = tiny.lora();
    var batch = MicroBatch.of(tiny.examples());
    try (var first = tiny.open(Precision.BF16, lora);
        var second = tiny.open(Precision.BF16, lora)) {
      first.adapter().set(Adapter.initial(lora, 3));
      step(first, batch, 1);
      step(first, batch, 2);
      var moments = first.adapter().moments();
      second.adapter().restore(first.adapter().values(), moments[0], moments[1]);
      step(first, batch, 3);
      step(second, batch, 3);
      assertThat(second.adapter().values()).isEqualTo(first.adapter().values());
    }
  }

  private static void step(Decoder decoder, MicroBatch batch, int step) {
    decoder.adapter().zeroGradient();
    decoder.gradients(batch, 1.0 / batch.labelled(), Way.FAST);
    decoder.adapter().update(AdamW.of(0.01, 1), 1e-2, step);
  }

  private static int[] withoutCache(Decoder decoder, int[] prompt, int most) {
    var ids = prompt;
    for (int n = 0; n < most; n++) {
      var logits = decoder.logits(ids, new int[] {ids.length}, new int[] {ids.length - 1})[0];
      int best =
          IntStream.range(0, logits.length)
              .reduce((a, b) -> logits[b] > logits[a] ? b : a)
              .getAsInt();
      if (decoder.config().endTokens().contains(best)) {
        break;
      }
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = best;
    }
    return Arrays.copyOfRange(ids, prompt.length, ids.length);
  }
}
