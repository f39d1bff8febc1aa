package dev.lathe.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.engine.Decoder.Judged;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.MicroBatch.Sequence;
import dev.lathe.engine.program.Archive.Noise;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Preference losses and their gradients against TRL's numbers. */
class PreferenceTest {
  private final TinyLlamas tiny = TinyLlamas.named("tiny-llama");
  private final JsonNode said = tiny.json("preference.json");
  private final LoraShape lora = tiny.lora();

  @ParameterizedTest
  @CsvSource({"plain, FAST", "plain, TAPE", "smoothed, FAST", "smoothed, TAPE"})
  void dpoIsTrlsTensorByTensor(String name, Way way) {
    var expected = said.at("/dpo/" + name);
    var pairs = pairs();
    var batch = MicroBatch.of(pairs);
    long chosenTokens =
        IntStream.range(0, pairs.size()).filter(i -> i % 2 == 0).map(i -> answer(pairs, i)).sum();
    var loss =
        new PreferenceLoss.Dpo(
            expected.get("beta").asDouble(),
            expected.get("labelSmoothing").asDouble(),
            2.0 / pairs.size(),
            expected.get("sftWeight").asDouble() / chosenTokens);
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      var reference = references(decoder, batch);
      assertThat(reference)
          .containsExactly(alternating("/reference/chosen", "/reference/rejected"), within(1e-9));
      var found =
          decoder.preference(batch, liked(pairs.size(), i -> i % 2 == 0), reference, loss, way);
      assertThat(found.loss()).isCloseTo(expected.get("loss").asDouble(), within(1e-9));
      assertThat(mean(found, i -> i % 2 == 0))
          .isCloseTo(expected.at("/metrics/logps~1chosen").asDouble(), within(1e-9));
      assertThat(mean(found, i -> i % 2 == 1))
          .isCloseTo(expected.at("/metrics/logps~1rejected").asDouble(), within(1e-9));
      gradientsAre(decoder, "preference-dpo-" + name + ".safetensors");
    }
  }

  @ParameterizedTest
  @CsvSource({"even, FAST", "even, TAPE", "weighted, FAST", "weighted, TAPE"})
  void ktoIsTrlsTensorByTensor(String name, Way way) {
    var expected = said.at("/kto/" + name);
    var judged = judged("completion_ids");
    var borrowed = MicroBatch.of(judged("KL_completion_ids"));
    var batch = MicroBatch.of(judged);
    var labels = said.get("judged");
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      var reference = references(decoder, batch);
      var elsewhere = decoder.referenceScores(borrowed).labelSums(borrowed);
      assertThat(reference).containsExactly(values("/reference/judged"), within(1e-9));
      assertThat(elsewhere).containsExactly(values("/reference/kl"), within(1e-9));
      var gained = decoder.scores(borrowed).labelSums(borrowed);
      double kl =
          Math.max(
              0,
              IntStream.range(0, gained.length)
                  .mapToDouble(i -> gained[i] - elsewhere[i])
                  .average()
                  .orElseThrow());
      assertThat(kl).isCloseTo(expected.at("/metrics/kl").asDouble(), within(1e-9)).isPositive();
      var loss =
          new PreferenceLoss.Kto(
              expected.get("beta").asDouble(),
              kl,
              expected.get("desirableWeight").asDouble(),
              expected.get("undesirableWeight").asDouble(),
              1.0 / judged.size());
      var liked = liked(judged.size(), i -> labels.get(i).get("label").asBoolean());
      var found = decoder.preference(batch, liked, reference, loss, way);
      assertThat(found.loss()).isCloseTo(expected.get("loss").asDouble(), within(1e-9));
      assertThat(decoder.preferenceLoss(found.logProbabilities(), liked, reference, loss))
          .isCloseTo(found.loss(), within(1e-12));
      gradientsAre(decoder, "preference-kto-" + name + ".safetensors");
    }
  }

  @Test
  void pairsInMicroBatchesOfTheirOwnAddUpToTheWhole() {
    var pairs = pairs();
    var loss = new PreferenceLoss.Dpo(0.3, 0.1, 1.0 / 3, 0.01);
    try (var decoder = tiny.open(Precision.FP64, lora)) {
      var whole = MicroBatch.of(pairs);
      var reference = references(decoder, whole);
      var side = liked(2, i -> i == 0);
      double expected =
          decoder.preference(whole, liked(6, i -> i % 2 == 0), reference, loss, Way.FAST).loss();
      var gradient = decoder.adapter().gradientValues();
      decoder.adapter().zeroGradient();
      double sum = 0;
      for (int i = 0; i < pairs.size(); i += 2) {
        var one = MicroBatch.of(pairs.subList(i, i + 2));
        var its = Arrays.copyOfRange(reference, i, i + 2);
        sum += decoder.preference(one, side, its, loss, Way.FAST).loss();
      }
      assertThat(sum).isCloseTo(expected, within(1e-12));
      assertThat(TinyLlamas.relative(decoder.adapter().gradientValues(), gradient))
          .isLessThan(1e-12);
    }
  }

  /** QLoRA and dropout, the fast way against the tape; one answer of a whole tile (DecoderTest). */
  @ParameterizedTest
  @EnumSource(Packing.class)
  void onAPackedBaseAndWithDropoutBothWaysAgree(Packing packing) {
    var ids = IntStream.range(0, 64).map(i -> 3 + 7 * i % 290).toArray();
    var batch = MicroBatch.of(List.of(sequence(ids, 40)));
    var loss = new PreferenceLoss.Kto(0.2, 0.1, 1, 1, 1);
    try (var decoder =
        tiny.open(Precision.FP64, lora, Training.PLAIN.with(new Noise(0.3, 0)).with(packing))) {
      var reference = references(decoder, batch);
      var gradients = new ArrayList<double[]>();
      for (var way : Way.values()) {
        decoder.adapter().zeroGradient();
        Decoder.seed(5);
        decoder.preference(batch, new boolean[] {true}, reference, loss, way);
        gradients.add(decoder.adapter().gradientValues());
      }
      assertThat(DoubleStream.of(gradients.getFirst()).anyMatch(g -> g != 0)).isTrue();
      assertThat(TinyLlamas.relative(gradients.getFirst(), gradients.getLast())).isLessThan(1e-9);
    }
  }

  /** The adapter becomes the committed one; the reference stays the base. */
  private double[] references(Decoder decoder, MicroBatch batch) {
    decoder.keepReference();
    decoder.adapter().set(tiny.adapter(lora));
    return decoder.referenceScores(batch).labelSums(batch);
  }

  private void gradientsAre(Decoder decoder, String file) {
    var expected = tiny.flat(lora, file);
    var found = decoder.adapter().gradientValues();
    for (var m : lora.modules()) {
      int r = lora.rank();
      TinyLlamas.close(found, expected, m.aAt(), r * m.in(), m.path() + " A");
      TinyLlamas.close(found, expected, m.bAt(), r * m.out(), m.path() + " B");
    }
  }

  private List<Sequence> pairs() {
    var sequences = new ArrayList<Sequence>();
    for (var pair : said.get("pairs")) {
      sequences.add(sequence(pair, "chosen_ids"));
      sequences.add(sequence(pair, "rejected_ids"));
    }
    return sequences;
  }

  private List<Sequence> judged(String answer) {
    return StreamSupport.stream(said.get("judged").spliterator(), false)
        .map(row -> sequence(row, answer))
        .toList();
  }

  private static Sequence sequence(JsonNode row, String answer) {
    int[] prompt = TinyLlamas.ints(row.get("prompt_ids"));
    int[] ids =
        IntStream.concat(Arrays.stream(prompt), Arrays.stream(TinyLlamas.ints(row.get(answer))))
            .toArray();
    return sequence(ids, prompt.length);
  }

  private static Sequence sequence(int[] ids, int prompt) {
    var labels = ids.clone();
    Arrays.fill(labels, 0, prompt, MicroBatch.IGNORED);
    return new Sequence(ids, labels);
  }

  private static int answer(List<Sequence> sequences, int i) {
    return (int) Arrays.stream(sequences.get(i).labels()).filter(l -> l >= 0).count();
  }

  private static boolean[] liked(int n, java.util.function.IntPredicate which) {
    var liked = new boolean[n];
    for (int i = 0; i < n; i++) {
      liked[i] = which.test(i);
    }
    return liked;
  }

  private static double mean(Judged found, java.util.function.IntPredicate which) {
    return IntStream.range(0, found.logProbabilities().length)
        .filter(which)
        .mapToDouble(i -> found.logProbabilities()[i])
        .average()
        .orElseThrow();
  }

  private double[] values(String path) {
    return StreamSupport.stream(said.at(path).spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private double[] alternating(String first, String second) {
    var a = values(first);
    var b = values(second);
    return IntStream.range(0, 2 * a.length)
        .mapToDouble(i -> i % 2 == 0 ? a[i / 2] : b[i / 2])
        .toArray();
  }
}
