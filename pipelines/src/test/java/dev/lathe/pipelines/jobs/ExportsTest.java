package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.pipelines.jobs.Exports.ExportRequest;
import dev.lathe.pipelines.jobs.Exports.Exported;
import dev.lathe.pipelines.jobs.Exports.ExportedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportsTest {
  @TempDir Path home;
  private Base base;

  @BeforeEach
  void makeBaseAndAdapter() {
    base = TinyBase.create(new BaseStore(home.resolve("bases")));
    var modules = new LinkedHashMap<String, LoraPair>();
    var ones = new float[128];
    java.util.Arrays.fill(ones, 0.1f);
    modules.put(
        "model.layers.0.self_attn.q_proj",
        new LoraPair(new Matrix(2, 64, ones), new Matrix(64, 2, ones.clone())));
    var config =
        new AdapterConfig(
            2, 4, false, 0, new TreeSet<>(Set.of("q_proj")), "tiny", base.weightsSha256());
    new PeftAdapter(config, modules).write(adapter());
  }

  private Path adapter() {
    return home.resolve("adapter");
  }

  private Exported export(String format, @Nullable String quantize) {
    return export(
        adapter(),
        ExportFormat.named(format),
        quantize == null ? null : Exports.encoding(quantize));
  }

  private Exported export(Path tuned, ExportFormat format, @Nullable Encoding quantize) {
    return Exports.run(
        new ExportRequest(
            "support@3", base, tuned, format, quantize, home.resolve("out-" + format.text())),
        (done, total) -> {});
  }

  @Test
  void peftIsTheAdapterAsItWasRegistered() {
    var exported = export("peft", null);
    assertThat(exported.files().stream().map(ExportedFile::path))
        .containsExactly("adapter_config.json", "adapter_model.safetensors");
    for (var file : exported.files()) {
      assertThat(Path.of(exported.out()).resolve(file.path()))
          .hasSameBinaryContentAs(adapter().resolve(file.path()))
          .hasSize(file.bytes());
    }
  }

  @Test
  void safetensorsIsAWholeModel() {
    assertThat(export("safetensors", "bf16").files().stream().map(ExportedFile::path))
        .contains("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja");
  }

  @Test
  void ggufKeepsTheBasesTypeUnlessAskedOtherwise() {
    assertThat(export("gguf", null).files().getFirst().path()).isEqualTo("support-3.F32.gguf");
    base = TinyBase.create(new BaseStore(home.resolve("others")));
    var exported =
        Exports.run(
            new ExportRequest(
                "support@3",
                base,
                adapter(),
                ExportFormat.GGUF,
                Encoding.Q8_0,
                home.resolve("small")),
            (done, total) -> {});
    assertThat(exported.files().getFirst().path()).isEqualTo("support-3.Q8_0.gguf");
    try (var gguf = GgufFile.open(home.resolve("small/support-3.Q8_0.gguf"))) {
      assertThat(gguf.metadata()).containsEntry("general.file_type", 7L);
    }
  }

  @Test
  void ggufAdapterTellsItsBase() {
    var exported = export("gguf-adapter", null);
    assertThat(exported.files().getFirst().path()).isEqualTo("support-3.lora.gguf");
    assertThat(exported.notes()).containsExactly("The file belongs beside this base: tiny.");
  }

  @Test
  void aModelWhoseWeightsAllLearntIsWrittenAsItIs() {
    var tuned = WholeModel.of(home);
    try (var weights = base.weights()) {
      WholeModel.write(base, weights, Encoding.BF16, tuned);
    }
    for (var format : List.of(ExportFormat.PEFT, ExportFormat.GGUF_ADAPTER)) {
      assertThatThrownBy(() -> export(tuned, format, null))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("there is no adapter to write")
          .hasMessageContaining("safetensors, gguf or ollama");
    }
    var folder = Path.of(export(tuned, ExportFormat.SAFETENSORS, null).out());
    for (var name : List.of("tokenizer.json", "chat_template.jinja", "config.json")) {
      assertThat(folder.resolve(name)).hasSameBinaryContentAs(tuned.resolve(name));
    }
    var read = new Base("again", folder, base.config(), "", "");
    try (var found = read.weights();
        var began = base.weights()) {
      var name = "model.layers.0.self_attn.q_proj.weight";
      assertThat(found.encoding(name)).isEqualTo(Encoding.BF16);
      float[] is = new float[64];
      float[] was = new float[64];
      found.rows(name, 3, 1, is);
      began.rows(name, 3, 1, was);
      assertThat(is).containsExactly(was, offset(1e-2f));
    }
    assertThat(export(tuned, ExportFormat.GGUF, null).files().getFirst().path())
        .isEqualTo("support-3.BF16.gguf");
    assertThat(export(tuned, ExportFormat.OLLAMA, Encoding.Q8_0).files()).hasSize(2);
  }

  @Test
  void aDoraHasNoFormBesideItsBase() throws IOException {
    var plain = PeftAdapter.read(adapter());
    var modules = new LinkedHashMap<String, LoraPair>();
    plain
        .modules()
        .forEach(
            (name, pair) -> {
              int out = pair.b().rows();
              var m = new Matrix(out, 1, new float[out]);
              modules.put(name, new LoraPair(pair.a(), pair.b(), m));
            });
    var c = plain.config();
    new PeftAdapter(
            new AdapterConfig(
                c.rank(),
                c.alpha(),
                c.rsLora(),
                true,
                0,
                c.targets(),
                c.baseName(),
                c.baseSha256()),
            modules)
        .write(adapter());
    assertThatThrownBy(() -> export("gguf-adapter", null))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("llama.cpp knows no DoRA")
        .hasMessageContaining("--format gguf");
    assertThat(export("gguf", null).files()).hasSize(1);
  }

  @Test
  void ollamaHasAModelfileWithTheTemplateInGo() throws IOException {
    var exported = export("ollama", null);
    assertThat(exported.files().stream().map(ExportedFile::path))
        .containsExactly("Modelfile", "support-3.Q8_0.gguf");
    assertThat(Files.readString(Path.of(exported.out(), "Modelfile")))
        .isEqualTo(
            """
            # support@3, written by Lathe
            # Tools in requests are not shown to the model: the template has no place for them.
            FROM ./support-3.Q8_0.gguf
            TEMPLATE \"""{{ range .Messages }}{{ if eq .Role "system" }}<|im_start|>system
            {{ .Content }}<|im_end|>
            {{ else if eq .Role "user" }}<|im_start|>user
            {{ .Content }}<|im_end|>
            {{ else if eq .Role "assistant" }}<|im_start|>assistant
            {{ .Content }}<|im_end|>
            {{ end }}{{ end }}<|im_start|>assistant
            \"""
            PARAMETER stop "<|im_end|>"
            """);
  }

  @Test
  void aDefaultSystemTurnStandsInTheGoTemplate() {
    var text =
        modelfile(
            "{% if messages[0].role != 'system' %}<s>You help.<|im_end|>{% endif %}"
                + "{% for m in messages %}<{{ m.role }}>{{ m.content }}<|im_end|>{% endfor %}"
                + "{% if add_generation_prompt %}<assistant>{% endif %}");
    assertThat(text)
        .contains(
            "TEMPLATE \"\"\"{{ if not .System }}<s>You help.<|im_end|>{{ end }}{{ range .Messages }}");
  }

  @Test
  void whatGoCannotSayIsLeftOutAndSaid() {
    var trims =
        "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{% endfor %}<assistant>";
    assertThat(modelfile(trims)).contains("TEMPLATE", "# The base's chat template trims contents");
    var numbers =
        "{% for m in messages %}{{ loop.index }} {{ m.role }}: {{ m.content }}\n{% endfor %}";
    assertThat(modelfile(numbers))
        .doesNotContain("TEMPLATE")
        .contains("cannot be written in Ollama's template language");
    var noSystem =
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
            + "{{ m.content }}{% endfor %}";
    assertThat(modelfile(noSystem)).doesNotContain("TEMPLATE");
    var dated =
        "{{ strftime_now('%d %b %Y') }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
    assertThat(modelfile(dated)).doesNotContain("TEMPLATE");
  }

  private String modelfile(String jinja) {
    var template = ChatTemplate.of(jinja, Map.of());
    boolean dated = jinja.contains("strftime_now");
    return OllamaModelfile.of(base, template, dated).text("support@3", "x.gguf");
  }

  @Test
  void badInputIsSaidBeforeAnythingIsWritten() throws IOException {
    refused("pefd", null, "unknown export format: pefd. Did you mean 'peft'?");
    refused("gguf", "Q8", "unknown encoding: Q8. Did you mean 'Q8_0'?");
    refused("peft", "Q8_0", "an adapter alone is not quantized");
    refused("safetensors", "Q8_0", "safetensors hold no such quantization");
    Files.createDirectories(home.resolve("out-gguf/mine"));
    refused("gguf", null, "the folder is in use");
    Files.write(adapter().resolve("adapter_model.safetensors"), new byte[100]);
    refused("gguf-adapter", null, "adapter_model.safetensors");
    assertThat(home).isDirectoryNotContaining("glob:**/*.aside");
    assertThatThrownBy(
            () ->
                new ExportRequest(
                    "a@1", base, adapter(), ExportFormat.GGUF, null, Path.of("relative")))
        .isInstanceOf(BadInput.class);
  }

  private void refused(String format, @Nullable String quantize, String why) {
    assertThatThrownBy(() -> export(format, quantize))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(why);
  }
}
