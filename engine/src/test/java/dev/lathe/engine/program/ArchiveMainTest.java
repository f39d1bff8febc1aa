package dev.lathe.engine.program;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.ModelConfigs;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveMainTest {
  @TempDir Path folder;

  @Test
  void writesTheProgramThatARunLoads() throws Exception {
    var base = Path.of("src/test/resources/reference/tiny-llama/base");
    var out = folder.resolve("decoder.pt");
    ArchiveMain.main(new String[] {base.toString(), "4", "8", out.toString()});
    var config = ModelConfigs.read(base);
    assertThat(Files.readAllBytes(out))
        .isEqualTo(
            Archive.of(
                config,
                LoraShape.whole(config, 4, 2.0),
                Archive.Training.PLAIN,
                Archive.Tiling.DEFAULT));
  }
}
