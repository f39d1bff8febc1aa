package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.util.Arrays;
import java.util.List;

/** What a registered model can be written as. */
public enum ExportFormat {
  /** The adapter as Hugging Face PEFT has it. */
  PEFT("peft"),
  /** Base and adapter merged, as a Hugging Face directory. */
  SAFETENSORS("safetensors"),
  /** Base and adapter merged, as one file for llama.cpp. */
  GGUF("gguf"),
  /** The adapter alone, for llama.cpp beside its base. */
  GGUF_ADAPTER("gguf-adapter"),
  /** A merged GGUF file and the Modelfile that Ollama makes a model of. */
  OLLAMA("ollama");

  private final String text;

  ExportFormat(String text) {
    this.text = text;
  }

  /** As users write it. */
  public String text() {
    return text;
  }

  /**
   * @throws BadInput for an unknown format, with the nearest one
   */
  public static ExportFormat named(String text) {
    return Arrays.stream(values())
        .filter(f -> f.text.equals(text))
        .findFirst()
        .orElseThrow(
            () -> new BadInput("unknown export format", text, DidYouMean.remedy(text, names())));
  }

  private static List<String> names() {
    return Arrays.stream(values()).map(ExportFormat::text).toList();
  }
}
