package dev.lathe.serving.providers.llama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.FolderExport;
import dev.lathe.checkpoints.bases.Pull;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/**
 * SmolLM2 in an engine, its weights unpacked to F32. As they come (Q4_1), llama.cpp rounds the
 * activations to 8 bits too, and this answer's first token is nearly a tie.
 */
@Tag("slow")
class RealModelTest {
  private static final String FRANCE =
      """
      "temperature": 0, "messages": [{"role": "user", "content": "What is the capital of France?"}]
      """;

  @TempDir Path folder;

  @Test
  void itKnowsTheCapitalOfFrance() {
    try (var engines = new LlamaEngines(folder.resolve("engines"), EngineSettings.defaults());
        var lease = engines.lease(model())) {
      var child = new Child(lease.address());
      var answer = child.chat("{" + FRANCE + "}");
      assertThat(answer.at("/choices/0/message/content").asString())
          .isEqualTo("The capital of France is Paris.");
      assertThat(answer.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
      // Seven words and marks, and the token that ends the turn.
      assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(8);
      assertThat(child.json("/props").path("threads_measured").size()).isPositive();
      assertThat(engines.loaded().getFirst().tokensPerSecond()).isPositive();
    }
  }

  private LocalModel model() {
    try {
      var packed =
          new Pull(new BaseStore(Path.of("../.peers/bases")))
              .pull("smollm2-135m-instruct", progress -> {});
      var unpacked = folder.resolve("smollm2-f32");
      try (var weights = packed.weights()) {
        Durable.newFolder(unpacked, aside -> FolderExport.write(packed, weights, null, aside));
      }
      var base =
          new Pull(new BaseStore(folder.resolve("bases")))
              .pull(unpacked.toString(), progress -> {});
      return new LocalModel(base.name(), ServedBase.of(base), null, base.folder(), 2048);
    } catch (BadInput e) {
      throw new TestAbortedException("the real base is not to be had: " + e.getMessage(), e);
    }
  }
}
