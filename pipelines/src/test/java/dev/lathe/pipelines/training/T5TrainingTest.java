package dev.lathe.pipelines.training;

import static dev.lathe.pipelines.training.RunProcesses.adapter;
import static dev.lathe.pipelines.training.RunProcesses.finish;
import static dev.lathe.pipelines.training.RunProcesses.kill;
import static dev.lathe.pipelines.training.RunProcesses.losses;
import static dev.lathe.pipelines.training.RunProcesses.records;
import static dev.lathe.pipelines.training.RunProcesses.start;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.chat.SourcesAndAnswers;
import dev.lathe.datasets.tokens.ShardWriter;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.datasets.tokens.Truncation;
import dev.lathe.pipelines.supervision.ProcessIdentity;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Runs of an encoder-decoder, from a shard to the adapter. */
class T5TrainingTest {
  private static final Map<String, Object> RECIPE =
      Map.ofEntries(
          Map.entry("steps", 6),
          Map.entry("learningRate", 2e-2),
          Map.entry("batchTokens", 200),
          Map.entry("accumulate", 2),
          Map.entry("checkpointEvery", 2),
          Map.entry("evalEvery", 4),
          Map.entry("rank", 4),
          Map.entry("dropout", 0.1),
          Map.entry("neftune", 5),
          Map.entry("loraPlusRatio", 4),
          Map.entry("precision", "fp32"),
          Map.entry("samplePrompts", List.of("Is the mill here?")),
          Map.entry("sampleEvery", 4),
          Map.entry("sampleTokens", 8));

  @TempDir static Path home;
  private static Base base;

  @BeforeAll
  static void aBaseAndConversations() throws IOException {
    base = TinyT5.in(home, "tiny-flan");
    Durable.write(
        home.resolve("owner.json"),
        JsonMapper.builder().build().writeValueAsBytes(ProcessIdentity.current()));
    shard("train", 0, 40);
    shard("validation", 40, 46);
  }

  private static void shard(String split, int from, int to) throws IOException {
    var file = home.resolve("dataset/examples/" + split + ".shard");
    Files.createDirectories(file.getParent());
    try (var out = new ShardWriter(file, base.tokenizerSha256(), base.templateSha256());
        var tokenizer = Tokenizer.open(base.tokenizer())) {
      var made =
          new SourcesAndAnswers(
              ChatTemplate.of(base),
              text -> tokenizer.encode(text).ids(),
              1,
              new Truncation(200, Truncation.Policy.END));
      for (var conversation : TinyDesk.conversations(from, to)) {
        made.of(conversation).examples().forEach(out::add);
      }
      out.finish();
    }
  }

  @Test
  void aKilledRunEndsWithTheSameAdapterAndLossesAndItScoresAsTheRunSaid() throws Exception {
    var whole = run("20260101-0001-tttt");
    assertThat(finish(start(whole))).isZero();
    var killed = run("20260101-0002-tttt");
    kill(killed, 3);
    assertThat(finish(start(killed))).isZero();

    var losses = losses(whole);
    assertThat(losses).hasSize(6);
    assertThat(losses.getLast()).isLessThan(losses.getFirst() - 0.3);
    assertThat(losses(killed)).isEqualTo(losses);
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(records(whole).stream().map(r -> r.text("message").orElse("")))
        .anyMatch(m -> m.contains("No engine here serves models of this architecture (t5)"));

    var ended = records(whole).getLast();
    var scored = scored(whole.adapter().toString());
    assertThat(scored.loss()).isCloseTo(ended.number("evalLoss").orElseThrow(), within(1e-6));
    assertThat(scored.loss()).isLessThan(scored(null).loss());
    assertThat(Files.readString(whole.adapter().resolve(PeftAdapter.CONFIG)))
        .contains("SEQ_2_SEQ_LM");
  }

  @Test
  void refusesWhatOnlyDecodersKnow() {
    assertThatThrownBy(
            () ->
                EncoderDecoderRecipe.require(
                    Recipe.of(
                        Map.of(
                            "adapter", "dora",
                            "baseFormat", "nf4",
                            "objective", "dpo",
                            "gradientCheckpointing", "block",
                            "maxLength", 100)),
                    base.config()))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(
            "adapter=dora",
            "baseFormat=nf4",
            "objective=dpo",
            "gradientCheckpointing=block",
            "maxLength=100");
    assertThatThrownBy(
            () -> EncoderDecoderRecipe.require(Recipe.of(Map.of("adapter", "full")), base.config()))
        .hasMessageContaining("adapter=full");
    EncoderDecoderRecipe.require(Recipe.of(RECIPE), base.config());
  }

  private static EvaluateMain.Result scored(@Nullable String adapter) {
    return EvaluateMain.evaluate(
        new EvaluateMain.Request(
            home.resolve("bases").toString(),
            base.name(),
            adapter,
            home.resolve("dataset/examples/validation.shard").toString(),
            Map.of("precision", "fp32")));
  }

  private static RunDirectory run(String id) {
    var run = RunDirectory.of(home.resolve("runs").resolve(id));
    run.create(
        new RunSpec(
            id,
            "tiny",
            new RunSpec.BaseRef(base.name(), base.weightsSha256(), base.folder().toString()),
            new RunSpec.DatasetRef("made@1", "0", home.resolve("dataset").toString()),
            Recipe.of(RECIPE).toMap(),
            Instant.EPOCH,
            "test"));
    return run;
  }
}
