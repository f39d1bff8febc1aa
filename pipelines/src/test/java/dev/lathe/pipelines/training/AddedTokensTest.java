package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.AddedTokens;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseExtension;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.engine.AdamW;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.MicroBatch;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.program.SavedShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.pipelines.supervision.RunSpec;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A base with words of its own, trained with and without its embeddings. */
class AddedTokensTest {
  private static final List<String> WORDS = List.of("<|order|>", "<|sku|>", "<|late|>");

  @TempDir Path home;
  private Base base;
  private TinyDesk desk;
  private DatasetVersion dataset;

  @BeforeEach
  void extend() {
    var store = new BaseStore(home.resolve("bases"));
    TinyBase.create(store);
    base = new BaseExtension(store).extend("tiny", new AddedTokens(WORDS, false), "more", null);
    desk = new TinyDesk(home, base);
    var conversations = new ArrayList<Conversation>();
    for (int i = 0; i < 60; i++) {
      var word = WORDS.get(i % 3);
      var answer = word + (i % 2 == 0 ? " is here " : " is not ") + WORDS.get((i + 1) % 3);
      conversations.add(
          new Conversation(
              "c" + i,
              List.of(
                  Message.of(Role.USER, "Where is " + word + " " + i + "?"),
                  Message.of(Role.ASSISTANT, answer)),
              List.of(),
              null,
              null,
              new Conversation.Origin("desk.jsonl", i + 1),
              Map.of()));
    }
    dataset =
        desk.dataset(
            "words",
            Map.of(
                Split.TRAIN, conversations.subList(0, 48),
                Split.VALIDATION, conversations.subList(48, 60)),
            Map.of());
  }

  private LoraShape shape(SavedShape saved) {
    return LoraShape.whole(base.config(), 4, 2).with(saved);
  }

  private Examples examples(Split split) {
    return new Examples(desk.datasets.folder(dataset).shard(split), 0, base.config().vocabSize());
  }

  private void train(Decoder decoder, int steps) {
    decoder.adapter().set(Adapter.initial(decoder.adapter().shape(), 7));
    try (var examples = examples(Split.TRAIN)) {
      var batches = examples.inOrder(400);
      for (int step = 1; step <= steps; step++) {
        var batch = examples.batch(batches.get(step % batches.size()));
        decoder.adapter().zeroGradient();
        decoder.gradients(batch, 1.0 / batch.labelled(), Way.FAST);
        decoder.adapter().update(AdamW.of(0, 1), 5e-3, step);
      }
    }
  }

  private MicroBatch held() {
    try (var examples = examples(Split.VALIDATION)) {
      return examples.batch(examples.inOrder(10_000).getFirst());
    }
  }

  /** With the whole embedding, or with the rows of the new words alone. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void newWordsAreLearntWhereEmbeddingsLearnAndEveryWayOutIsTheSameModel(boolean all) {
    var saved =
        all ? new SavedShape(base.config(), true, false) : ModulesToSave.added(base, base.config());
    var held = held();
    double without;
    try (var decoder = desk.open(shape(SavedShape.none(base.config())))) {
      train(decoder, 30);
      without = decoder.evaluate(held).meanLoss();
    }
    var folder = home.resolve("adapter");
    try (var decoder = desk.open(shape(saved))) {
      train(decoder, 30);
      assertThat(decoder.evaluate(held).meanLoss()).isLessThan(without - 0.05);
      var shape = decoder.adapter().shape();
      var config =
          ModulesToSave.told(
              new AdapterConfig(
                  4, 8, false, 0, shape.targetNames(), base.name(), base.weightsSha256()),
              shape.saved());
      new LearntAdapter(decoder.adapter(), config).result(30, folder, () -> {}).run();

      var how = Recipe.of(Map.of("precision", "fp32", "threads", 1, "device", "cpu"));
      try (var read = LoadedModel.open(base, folder.toString(), how)) {
        assertThat(read.decoder().scores(held).label()).isEqualTo(decoder.scores(held).label());
      }
      try (var onward = setup(Map.of("initFrom", folder.toString()));
          var next = onward.decoder()) {
        assertThat(onward.start().shape()).isEqualTo(shape);
        assertThat(next.scores(held).label()).isEqualTo(decoder.scores(held).label());
      }
      // Merged, the weights are a model by themselves.
      try (var merged = WholeModel.merged(base, folder);
          var alone =
              Decoder.open(
                  merged,
                  base.config(),
                  LoraShape.none(base.config()),
                  Precision.FP32,
                  ComputeDevice.open("cpu", 1))) {
        assertThat(alone.evaluate(held).meanLoss())
            .isCloseTo(
                decoder.evaluate(held).meanLoss(), org.assertj.core.api.Assertions.within(1e-4));
      }
    }
  }

  /** What a run process works with, as it reads it off the run's description. */
  @Test
  void aRunTrainsWhatItsRecipeNamesAndEstimatesIt() {
    try (var plain = setup(Map.of());
        var rows = setup(Map.of("trainTokens", "added"));
        var saving = setup(Map.of("modulesToSave", "embed_tokens,lm_head", "adapter", "dora"))) {
      assertThat(plain.start().shape().saved().isEmpty()).isTrue();
      assertThat(rows.start().shape().saved().size()).isEqualTo(3 * 64);
      assertThat(rows.start().shape().saved().firstRow()).isEqualTo(336);
      assertThat(rows.footprint().weights()).isEqualTo(plain.footprint().weights() + 4 * 339 * 64);
      var shape = saving.start().shape();
      assertThat(shape.saved().size()).isEqualTo(339 * 64);
      assertThat(saving.footprint().learned())
          .isEqualTo(339 * 64 + plain.footprint().learned() + shape.magnitudes());
      assertThat(saving.footprint().weights()).isLessThan(plain.footprint().weights());
      assertThat(Estimate.of(saving, TrainingState.START, 1).checkpoint())
          .isEqualTo(
              Estimate.of(plain, TrainingState.START, 1).checkpoint()
                  + 16 * 339 * 64
                  + 12 * shape.magnitudes());
    }
  }

  private Setup setup(Map<String, Object> more) {
    var keys =
        new LinkedHashMap<String, Object>(Map.of("steps", 2, "precision", "fp32", "threads", 1));
    keys.putAll(more);
    return Setup.of(
        new RunSpec(
            "20260101-0000-aaaa",
            "words",
            new RunSpec.BaseRef(base.name(), base.weightsSha256(), base.folder().toString()),
            new RunSpec.DatasetRef("words@1", "0", desk.datasets.folder(dataset).path().toString()),
            Recipe.of(keys).toMap(),
            Instant.EPOCH,
            "test"),
        home);
  }

  @Test
  void whatTheBaseDoesNotHaveIsRefused() {
    refused(Map.of("modulesToSave", "lm_head"), "the base's lm_head is its embed_tokens");
    assertThatThrownBy(
            () -> Recipe.of(Map.of("trainTokens", "added", "modulesToSave", "embed_tokens")))
        .hasMessageContaining("trainTokens: modulesToSave trains all rows already");
    base = new BaseStore(home.resolve("bases")).require("tiny");
    refused(Map.of("trainTokens", "added"), "the base has no added tokens: tiny");
    refused(Map.of("modulesToSave", "embed_token"), "Did you mean 'embed_tokens'?");
    assertThatThrownBy(() -> Recipe.of(Map.of("adapter", "full", "modulesToSave", "embed_tokens")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("modulesToSave: adapter=full has no adapter");
  }

  private void refused(Map<String, Object> recipe, String why) {
    assertThatThrownBy(() -> LoadedModel.requireStart(Recipe.of(recipe), base))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(why);
  }
}
