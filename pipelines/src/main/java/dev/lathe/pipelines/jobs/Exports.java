package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.adapters.GgufAdapter;
import dev.lathe.checkpoints.adapters.Merge;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.GgufLayout;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.datasets.chat.ChatTemplate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes a registered model for other programs. A folder appears as a whole or not at all. */
public final class Exports {
  private Exports() {}

  /**
   * What is to be written.
   *
   * @param model {@code name@version}
   * @param tuned its PEFT directory, or that of its whole model
   * @param quantize how the merged matrices are packed; null takes the format's usual one
   * @param out absolute; not there yet, or empty
   */
  public record ExportRequest(
      String model,
      Base base,
      Path tuned,
      ExportFormat format,
      @Nullable Encoding quantize,
      Path out) {
    public ExportRequest {
      if (!out.isAbsolute()) {
        throw new BadInput(
            "the folder to export to is no absolute path", out + "", "Write it out.");
      }
      boolean adapterOnly = format == ExportFormat.PEFT || format == ExportFormat.GGUF_ADAPTER;
      if (adapterOnly && WholeModel.isIn(tuned)) {
        throw new BadInput(
            "all weights of this version were trained, and there is no adapter to write",
            model + " as " + format.text(),
            "Export it as safetensors, gguf or ollama.");
      }
      if (adapterOnly && quantize != null) {
        throw new BadInput(
            "an adapter alone is not quantized",
            "--quantize " + quantize,
            "Leave it out, or export a merged model: safetensors, gguf or ollama.");
      }
    }
  }

  /** One file that was written. */
  public record ExportedFile(String path, long bytes, String sha256) {}

  /** What was written, and what a reader should know of it. */
  public record Exported(
      String model, String format, String out, List<ExportedFile> files, List<String> notes) {}

  /**
   * @throws BadInput for a name that no encoding has
   */
  public static Encoding encoding(String text) {
    var names = Arrays.stream(Encoding.values()).map(Enum::name).toList();
    var wanted = text.strip().toUpperCase(Locale.ROOT);
    if (!names.contains(wanted)) {
      throw new BadInput("unknown encoding", text, DidYouMean.remedy(wanted, names));
    }
    return Encoding.valueOf(wanted);
  }

  /**
   * @param progress of what is merged; what it throws ends the export
   * @throws BadInput when the adapter is damaged or another base's; when the format cannot hold the
   *     model; when the folder is in use or the disk is full
   */
  public static Exported run(ExportRequest request, Merge.Progress progress) {
    var merging = Merging.of(request, progress);
    if (request.format() != ExportFormat.PEFT && request.format() != ExportFormat.SAFETENSORS) {
      GgufLayout.of(request.base().config()); // all others hold a GGUF file: refused at once
    }
    var notes =
        switch (request.format()) {
          case PEFT -> peft(request);
          case SAFETENSORS -> {
            merging.toFolder(request.quantize(), request.out());
            yield List.<String>of();
          }
          case GGUF -> {
            var encoding = encoding(request, null);
            Durable.newFolder(
                request.out(), aside -> merging.toGguf(encoding, file(request, encoding, aside)));
            yield List.<String>of();
          }
          case GGUF_ADAPTER -> {
            Durable.newFolder(
                request.out(),
                aside ->
                    GgufAdapter.write(
                        PeftAdapter.read(request.tuned()),
                        request.base().config(),
                        request.base().name(),
                        aside.resolve(stem(request) + ".lora.gguf")));
            yield List.of("The file belongs beside this base: " + request.base().name() + ".");
          }
          case OLLAMA -> ollama(request, merging);
        };
    return new Exported(
        request.model(),
        request.format().text(),
        request.out().toString(),
        files(request.out()),
        notes);
  }

  /** The files as they were registered, byte for byte. */
  private static List<String> peft(ExportRequest request) {
    Durable.newFolder(
        request.out(),
        aside -> {
          for (var name : List.of(PeftAdapter.CONFIG, PeftAdapter.WEIGHTS)) {
            Files.copy(request.tuned().resolve(name), aside.resolve(name));
          }
        });
    return List.of();
  }

  private static List<String> ollama(ExportRequest request, Merging merging) {
    var encoding = encoding(request, Encoding.Q8_0);
    var base = request.base();
    boolean dated = ChatTemplate.tellsTheDate(base.chatTemplate());
    var modelfile = OllamaModelfile.of(base, ChatTemplate.of(base), dated);
    Durable.newFolder(
        request.out(),
        aside -> {
          var gguf = file(request, encoding, aside);
          merging.toGguf(encoding, gguf);
          var text = modelfile.text(request.model(), gguf.getFileName().toString());
          Durable.write(aside.resolve("Modelfile"), text);
        });
    return modelfile.notes();
  }

  /**
   * The encoding asked for, else the format's usual one, else the base's own where it is not
   * quantized, else F16.
   */
  private static Encoding encoding(ExportRequest request, @Nullable Encoding usual) {
    if (request.quantize() != null) {
      return request.quantize();
    }
    if (usual != null) {
      return usual;
    }
    try (var weights = unquantized(request).weights()) {
      return switch (embeddings(weights)) {
        case F32 -> Encoding.F32;
        case BF16 -> Encoding.BF16;
        case F16, Q4_0, Q4_1, Q8_0 -> Encoding.F16;
      };
    }
  }

  private static Base unquantized(ExportRequest request) {
    return WholeModel.isIn(request.tuned())
        ? WholeModel.asBase(request.base(), request.tuned())
        : request.base();
  }

  private static Encoding embeddings(Weights weights) {
    return weights.encoding("model.embed_tokens.weight");
  }

  private static Path file(ExportRequest request, Encoding encoding, Path folder) {
    return folder.resolve(stem(request) + "." + encoding + ".gguf");
  }

  private static String stem(ExportRequest request) {
    return request.model().replace('@', '-').replaceAll("[^A-Za-z0-9._-]", "_");
  }

  private static List<ExportedFile> files(Path out) {
    try (var list = Files.list(out)) {
      return list.sorted().map(Exports::file).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + out, e);
    }
  }

  private static ExportedFile file(Path file) {
    try {
      return new ExportedFile(file.getFileName().toString(), Files.size(file), Sha256.of(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
