package dev.lathe.serving.providers.llama.library;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** The native library that the jar of de.kherud:llama carries for this machine. */
public final class NativeLibrary {
  private NativeLibrary() {}

  /**
   * Unpacks the library, once for all engines of a folder, and opens it.
   *
   * @param folder where it lies unpacked, under the hash of its bytes
   * @throws BadInput where there is none for this machine, or it cannot be opened
   */
  public static SymbolLookup open(Path folder) {
    var file = unpack(folder);
    try {
      return SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new BadInput(
          "the local engine's library cannot be opened (" + e.getMessage() + ")",
          file.toString(),
          "It needs libgomp1 and libstdc++: apt-get install libgomp1.",
          e);
    }
  }

  /** The file, unpacked when it is not there. */
  public static Path unpack(Path folder) {
    var resource = resource();
    try (var in = NativeLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new BadInput(
            "no local engine for this machine",
            System.getProperty("os.name") + " " + System.getProperty("os.arch"),
            "Configure a llama-server, vLLM or Ollama as a provider in lathe.yaml.");
      }
      var bytes = in.readAllBytes();
      var name = resource.substring(resource.lastIndexOf('/') + 1);
      var file = folder.resolve(Sha256.of(bytes).substring(0, 16)).resolve(name);
      if (!Files.isRegularFile(file) || Files.size(file) != bytes.length) {
        Files.createDirectories(file.getParent());
        // Two engines may start at once: each writes its own, and one rename wins.
        var aside = Files.createTempFile(file.getParent(), "unpacking-", ".tmp");
        Files.write(aside, bytes);
        Files.move(
            aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("the local engine's library cannot be unpacked", e);
    }
  }

  private static String resource() {
    var os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    var architecture =
        switch (System.getProperty("os.arch").toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "aarch64";
          case String other -> other;
        };
    var file = os.contains("mac") ? "Mac/%s/libjllama.dylib" : "Linux/%s/libjllama.so";
    return "/de/kherud/llama/" + file.formatted(architecture);
  }
}
