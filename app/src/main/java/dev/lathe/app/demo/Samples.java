package dev.lathe.app.demo;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.pipelines.training.Recipe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The sample logs that Lathe carries, laid out as files where a user can look at them. */
public record Samples(Path folder) {
  private static final List<String> LOGS =
      List.of("desk-openai.jsonl", "desk-sharegpt.json", "desk-router.jsonl");
  private static final Map<String, String> NAMED =
      Map.of("safety-chats", "safety-chats.jsonl", "safety-pairs", "safety-pairs.jsonl");
  private static final String DATASET_RECIPE = "demo-dataset.yaml";
  private static final String TRAINING_RECIPE = "demo-train.yaml";

  /** Writes what is not there yet, or is not as it should be. */
  public static Samples in(Path folder) {
    var samples = new Samples(folder.toAbsolutePath());
    for (var name : LOGS) {
      samples.layOut(name);
    }
    samples.layOut(DATASET_RECIPE);
    samples.layOut(TRAINING_RECIPE);
    return samples;
  }

  /**
   * A log that is carried under a name, laid out in a folder.
   *
   * @throws BadInput when there is none
   */
  public static Path named(Path folder, String name) {
    var file = NAMED.get(name);
    if (file == null) {
      throw new BadInput("there is no such sample", name, DidYouMean.remedy(name, NAMED.keySet()));
    }
    var samples = new Samples(folder.toAbsolutePath());
    samples.layOut(file);
    return samples.folder().resolve(file);
  }

  public List<Path> logs() {
    return LOGS.stream().map(folder::resolve).toList();
  }

  public Path datasetRecipe() {
    return folder.resolve(DATASET_RECIPE);
  }

  public String trainingRecipe() {
    return new String(resource(TRAINING_RECIPE), StandardCharsets.UTF_8);
  }

  /** Every key of the training recipe with its value, {@code set} laid over the file's. */
  public Map<String, Object> resolvedTraining(Map<String, String> set) {
    var file =
        YAMLMapper.shared()
            .readValue(trainingRecipe(), new TypeReference<Map<String, Object>>() {});
    return Recipe.of(Settings.overlaid(file, set)).toMap();
  }

  /** Questions to the desk that stand in no log. */
  public static List<String> prompts() {
    record Prompts(List<String> prompts) {}
    return JsonMapper.shared().readValue(resource("prompts.json"), Prompts.class).prompts();
  }

  public static Voice voice() {
    return Voice.read(resource("voice.json"));
  }

  private void layOut(String name) {
    var file = folder.resolve(name);
    byte[] wanted = resource(name);
    try {
      if (!Files.isRegularFile(file) || !Arrays.equals(Files.readAllBytes(file), wanted)) {
        Durable.write(file, wanted);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }

  static byte[] resource(String name) {
    try (var in = Samples.class.getResourceAsStream("/samples/" + name)) {
      if (in == null) {
        throw new IllegalStateException("this build carries no sample " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the sample " + name, e);
    }
  }
}
