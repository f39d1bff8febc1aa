package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.gguf.GgufWriter;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.SafetensorsShards;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A base as the GGUF file that llama.cpp serves: its own file when it came as one, else one written
 * beside its safetensors, once. Or what a base became.
 */
public final class ServedBase {
  /** Beside safetensors; never counted among a base's weights. */
  public static final String FILE = "serving.gguf";

  /** The metadata key that binds the file to what it was made of. */
  static final String MADE_OF = "lathe.made_of.sha256";

  /** Raised when the same base would be written otherwise: files that are there are made anew. */
  private static final String FORMAT = "1";

  private static final List<String> SOURCES =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja");

  /** Files that were found whole, and the sizes and times of all that this hangs on. */
  private static final Map<Path, String> FOUND_WHOLE = new ConcurrentHashMap<>();

  private ServedBase() {}

  /**
   * The file, made when it is not there. It holds the weights exactly (F32, F16 and BF16 stay what
   * they are; vectors are widened to F32), the tokenizer and the chat template. Any number of
   * threads and processes may ask at once; one of them writes.
   *
   * @throws BadInput when llama.cpp cannot load such a base, with the reason and before anything is
   *     written; when weights are damaged; when the disk is full
   */
  public static Path of(Base base) {
    var own = ownFile(base);
    if (own.isPresent()) {
      return own.get();
    }
    return of(base, base::weights, base.weightsSha256(), base.folder().resolve(FILE));
  }

  /**
   * The same of other weights with a base's config, tokenizer and chat template. Where the base's
   * matrices are quantized, these are F16.
   *
   * @param base what they were trained from
   * @param weights opened when the file has to be made
   * @param identity of what they are: another file is made when it is another
   * @param file to be written, once; its folder is made
   */
  public static Path of(Base base, Supplier<Weights> weights, String identity, Path file) {
    return ofMade(base, () -> new Made(base, weights.get()), identity, file);
  }

  /**
   * Weights, and the base whose config is theirs.
   *
   * @param weights closed by whoever asked for them
   */
  public record Made(Base base, Weights weights) {}

  /** The same of weights whose config may be another than the base's: its embeddings untied. */
  public static Path ofMade(Base base, Supplier<Made> made, String identity, Path file) {
    if (stamp(base, identity, file).equals(FOUND_WHOLE.get(file))) {
      return file; // asked on the way to every few answers: nothing is hashed or parsed again
    }
    var madeOf = madeOf(base, identity);
    synchronized (ServedBase.class) { // a file lock is between processes only
      if (!isMadeOf(file, madeOf)) {
        var now = made.get();
        try (var opened = now.weights()) {
          var marks = new LinkedHashMap<>(Map.of(MADE_OF, madeOf));
          var encoding = unquantized(base, opened);
          write(GgufExport.of(now.base(), opened, encoding, marks), file, madeOf);
        }
      }
      FOUND_WHOLE.put(file, stamp(base, identity, file));
      return file;
    }
  }

  /** Null keeps what there is. */
  private static @Nullable Encoding unquantized(Base base, Weights weights) {
    return switch (weights.encoding(base.config().block().names().embeddings())) {
      case F32, F16, BF16 -> null;
      case Q4_0, Q4_1, Q8_0 -> Encoding.F16;
    };
  }

  /**
   * Whether there can be such a file; reads config and tokenizer only and writes nothing.
   *
   * @throws BadInput when llama.cpp cannot load such a base, with the reason
   */
  public static void check(Base base) {
    if (ownFile(base).isEmpty()) {
      try (var weights = base.weights()) {
        GgufExport.of(base, weights, null, new LinkedHashMap<>());
      }
    }
  }

  private static void write(GgufWriter gguf, Path file, String madeOf) {
    try (var channel =
            FileChannel.open(
                folderOf(file).resolve("." + FILE + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        var lock = channel.lock()) {
      if (lock.isValid() && !isMadeOf(file, madeOf)) { // another process may have made it meanwhile
        gguf.write(file);
      }
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, file);
    }
  }

  private static Path folderOf(Path file) throws IOException {
    return Files.createDirectories(file.resolveSibling(""));
  }

  /** The GGUF file that the base came as. */
  static Optional<Path> ownFile(Base base) {
    return SafetensorsShards.present(base.folder())
        ? Optional.empty()
        : Optional.of(BaseFiles.weightFiles(base.folder()).getFirst());
  }

  private static boolean isMadeOf(Path file, String madeOf) {
    if (!Files.exists(file)) {
      return false;
    }
    try (var gguf = GgufFile.open(file)) {
      return gguf.text(MADE_OF).orElse("").equals(madeOf);
    } catch (BadInput damaged) {
      return false; // it is made again
    }
  }

  private static String madeOf(Base base, String identity) {
    var text = new StringBuilder("format " + FORMAT + "\nweights " + identity + "\n");
    for (var name : SOURCES) {
      var file = base.folder().resolve(name);
      if (Files.exists(file)) {
        text.append(name).append(' ').append(Sha256.of(file)).append('\n');
      }
    }
    return Sha256.of(text.toString());
  }

  /** Cheap to look at, and another one whenever a file is. */
  private static String stamp(Base base, String identity, Path served) {
    var text = new StringBuilder(identity);
    for (var name : SOURCES) {
      stamp(base.folder().resolve(name), text);
    }
    stamp(served, text);
    return text.toString();
  }

  private static void stamp(Path file, StringBuilder text) {
    try {
      var facts = Files.readAttributes(file, BasicFileAttributes.class);
      text.append(' ').append(facts.size()).append(' ').append(facts.lastModifiedTime());
    } catch (NoSuchFileException e) {
      text.append(" none");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
