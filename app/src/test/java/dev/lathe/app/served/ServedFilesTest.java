package dev.lathe.app.served;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.GgufAdapter;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.Merge;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.FolderExport;
import dev.lathe.checkpoints.bases.Pull;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.jobs.Answers;
import dev.lathe.pipelines.jobs.Answers.AnswerRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;
import tools.jackson.databind.json.JsonMapper;

/** Every file that is served answers, in llama.cpp, greedily what the trainer answers. */
@Tag("slow")
class ServedFilesTest {
  private static final List<String> PROMPTS =
      List.of(
          "What is the capital of France?",
          "Write one sentence about the sea.",
          "Count from 1 to 12.",
          "My order 4711 has not arrived. Can you help?",
          "Name three colours.");

  private static final int TOKENS = 40;

  @TempDir Path home;

  private BaseStore store() {
    return new BaseStore(home.resolve("bases"));
  }

  @Test
  void theTinyBaseAnswersAlikeInEveryForm() throws Exception {
    answersAlike(TinyBase.create(store()), 0.5);
  }

  @Test
  void smolLm2AnswersAlikeInEveryForm() throws Exception {
    var unpacked = home.resolve("smollm2-f32");
    try {
      var packed =
          new Pull(new BaseStore(Path.of("../.peers/bases")))
              .pull("smollm2-135m-instruct", p -> {});
      try (var weights = packed.weights()) {
        Durable.newFolder(unpacked, aside -> FolderExport.write(packed, weights, null, aside));
      }
    } catch (BadInput e) {
      throw new TestAbortedException("the real base is not to be had: " + e.getMessage(), e);
    }
    answersAlike(new Pull(store()).pull(unpacked.toString(), p -> {}), 0.05);
  }

  private void answersAlike(Base base, double size) throws Exception {
    var adapter = adapter(base, size);
    adapter.write(home.resolve("adapter"));
    var gguf = home.resolve("adapter.gguf");
    GgufAdapter.write(adapter, base.config(), base.name(), gguf);
    var plain = trainer(base, null);
    var adapted = trainer(base, home.resolve("adapter"));
    assertThat(adapted).noneMatch(String::isBlank);
    // A prompt whose answer goes without saying (a count to eight) may survive a random adapter.
    assertThat(adapted).filteredOn(a -> !plain.contains(a)).hasSizeGreaterThanOrEqualTo(3);

    assertThat(llama(base, ServedBase.of(base), null)).isEqualTo(plain);
    assertThat(llama(base, ServedBase.of(base), gguf)).isEqualTo(adapted);

    var merged = home.resolve("merged.gguf");
    Merge.toGguf(base, adapter, Encoding.F32, merged, (done, total) -> {});
    assertThat(llama(base, merged, null)).isEqualTo(adapted);

    var whole = home.resolve("model");
    try (var weights = WholeModel.merged(base, home.resolve("adapter"))) {
      WholeModel.write(base, weights, Encoding.F32, whole);
    }
    assertThat(trainer(base, whole)).isEqualTo(adapted);
    for (var tuned : List.of(whole, home.resolve("adapter"))) {
      var file = home.resolve("served-" + tuned.getFileName()).resolve(ServedBase.FILE);
      ServedBase.of(base, () -> WholeModel.merged(base, tuned), tuned.toString(), file);
      assertThat(llama(base, file, null)).isEqualTo(adapted);
    }

    Merge.toFolder(base, adapter, null, home.resolve("merged"), (done, total) -> {});
    var again = new Pull(store()).pull(home.resolve("merged").toString(), p -> {});
    assertThat(trainer(again, null)).isEqualTo(adapted);
    assertThat(llama(again, ServedBase.of(again), null)).isEqualTo(adapted);
  }

  /** All seven projections, scaled as rsLoRA does. */
  private static PeftAdapter adapter(Base base, double size) {
    var random = new Random(7);
    int rank = 4;
    var modules = new LinkedHashMap<String, LoraPair>();
    try (var weights = base.weights()) {
      for (var name : weights.names()) {
        if (name.endsWith("_proj.weight")) {
          int out = (int) weights.shape(name)[0];
          int in = (int) weights.shape(name)[1];
          modules.put(
              name.substring(0, name.length() - ".weight".length()),
              new LoraPair(
                  matrix(random, rank, in, 1 / Math.sqrt(in)), matrix(random, out, rank, size)));
        }
      }
    }
    var targets = new TreeSet<String>();
    modules.keySet().forEach(m -> targets.add(m.substring(m.lastIndexOf('.') + 1)));
    var config = new AdapterConfig(rank, 3, true, 0, targets, base.name(), base.weightsSha256());
    return new PeftAdapter(config, modules);
  }

  private static Matrix matrix(Random random, int rows, int columns, double deviation) {
    var values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return new Matrix(rows, columns, values);
  }

  private List<String> trainer(Base base, @Nullable Path adapter) {
    var bases = base.folder().getParent();
    return new Answers(bases == null ? home : bases)
        .run(AnswerRequest.ofTexts(base.name(), adapter, PROMPTS, TOKENS), done -> {}).stream()
            .map(Answers.Answered::text)
            .toList();
  }

  private List<String> llama(Base base, Path model, @Nullable Path adapter)
      throws IOException, InterruptedException {
    var template = ChatTemplate.of(base);
    var prompts =
        PROMPTS.stream()
            .map(p -> template.render(List.of(Message.of(Role.USER, p)), List.of(), true))
            .toList();
    var log = home.resolve("llama.log");
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-Dfile.encoding=UTF-8",
                "-Dstdout.encoding=UTF-8",
                "-cp",
                System.getProperty("java.class.path"),
                LlamaAnswersMain.class.getName(),
                model.toString(),
                adapter == null ? "-" : adapter.toString(),
                Integer.toString(TOKENS))
            .redirectError(log.toFile())
            .start();
    try (var in = process.getOutputStream()) {
      in.write(JsonMapper.shared().writeValueAsBytes(prompts));
    }
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(() -> said + read(log)).isZero();
    var answers = said.substring(said.lastIndexOf("\nANSWERS\n") + "\nANSWERS\n".length());
    return Stream.of(JsonMapper.shared().readValue(answers, String[].class))
        .map(String::strip)
        .toList();
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
