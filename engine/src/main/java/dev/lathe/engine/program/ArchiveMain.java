package dev.lathe.engine.program;

import dev.lathe.checkpoints.bases.ModelConfigs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the program that trains an adapter of a model, as it would be run, for Python to open with
 * {@code torch.jit.load}: to profile it, and to run it where DJL cannot be ({@code benchmarks/run
 * cuda}). Usage: {@code ArchiveMain CONFIG_DIRECTORY RANK ALPHA OUT.pt}.
 */
public final class ArchiveMain {
  private ArchiveMain() {}

  public static void main(String[] arguments) throws IOException {
    var config = ModelConfigs.read(Path.of(arguments[0]));
    int rank = Integer.parseInt(arguments[1]);
    var lora = LoraShape.whole(config, rank, Double.parseDouble(arguments[2]) / rank);
    var archive = Archive.of(config, lora, Archive.Training.PLAIN, Archive.Tiling.DEFAULT);
    Files.write(Path.of(arguments[3]), archive);
  }
}
