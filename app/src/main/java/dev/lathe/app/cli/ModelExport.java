package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** {@code models export NAME@… --format F --out DIR}. */
@Command(
    name = "export",
    description = "write a version for other programs",
    footer = {
      "",
      "peft          the adapter, for Hugging Face PEFT",
      "safetensors   base and adapter merged, a Hugging Face directory",
      "gguf          base and adapter merged, one file for llama.cpp",
      "gguf-adapter  the adapter, for llama.cpp beside its base",
      "ollama        a merged GGUF file and a Modelfile"
    })
public final class ModelExport extends HomeCommand {
  @Parameters(paramLabel = "NAME@…", description = "see 'models list'")
  String ref;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "F",
      description = "peft, safetensors, gguf, gguf-adapter or ollama")
  String format;

  @Option(
      names = "--quantize",
      paramLabel = "T",
      description =
          "how merged weights are packed: F32, F16, BF16, in GGUF also Q8_0, Q4_0, Q4_1"
              + " (default: as the base, F16 where it is quantized; Q8_0 for ollama)")
  @Nullable String quantize;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "a folder that is not there yet, or empty")
  Path out;

  public ModelExport(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    var wanted = new HashMap<String, String>();
    wanted.put("format", format);
    wanted.put("out", out.toAbsolutePath().normalize().toString());
    if (quantize != null) {
      wanted.put("quantize", quantize);
    }
    JsonNode exported;
    try (var progress = new Progress(terminal())) {
      exported =
          owner.work(
              "models/" + Text.segment(ref) + "/export",
              wanted,
              p ->
                  progress.update(
                      p.path("stage").asString(""),
                      p.path("done").asLong(0),
                      p.path("total").asLong(0),
                      ""));
    }
    print(exported, this::tell);
    return ExitStatus.DONE;
  }

  private void tell(JsonNode exported) {
    var to = terminal().out();
    to.println(exported.path("model").asString("") + " is in " + exported.path("out").asString(""));
    for (var file : exported.path("files")) {
      var size = Text.megabytes(file.path("bytes").asLong(0));
      to.println("  " + file.path("path").asString("") + "  " + size);
    }
    exported.path("notes").forEach(n -> to.println(n.asString("")));
  }
}
