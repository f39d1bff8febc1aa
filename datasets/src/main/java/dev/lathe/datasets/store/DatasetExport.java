package dev.lathe.datasets.store;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A version's examples as a file for other programs, written aside and renamed. */
public final class DatasetExport {
  /** What the file holds. */
  public enum Format {
    /** OpenAI's fine-tuning lines: the cleaned conversations. */
    OPENAI,
    /**
     * {@code {"input_ids": […], "labels": […]}} a line, -100 where a token is not learned; a label
     * stands at its token's own place, as Hugging Face has it.
     */
    TOKENS;

    /**
     * The format of that name.
     *
     * @throws BadInput for an unknown one
     */
    public static Format of(String name) {
      return Arrays.stream(values())
          .filter(f -> f.name().toLowerCase(Locale.ROOT).equals(name))
          .findFirst()
          .orElseThrow(() -> new BadInput("unknown export format", name, "Known: openai, tokens."));
    }
  }

  private DatasetExport() {}

  /**
   * @param split null for all, one after another
   * @return the lines written
   * @throws BadInput when {@code out} is no path of a file, or cannot be written
   */
  public static long write(VersionFolder version, Format format, @Nullable Split split, Path out) {
    var target = out.toAbsolutePath();
    var aside = target.resolveSibling("." + target.getFileName() + ".aside");
    if (Files.isDirectory(target)) {
      throw new BadInput("--out is a directory", out.toString(), "Give the path of a file.");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new BadInput("--out is a pipe or a device", out.toString(), "Give the path of a file.");
    }
    var parent = target.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new BadInput("there is no such directory", String.valueOf(parent), "Make it first.");
    }
    long lines = 0;
    try {
      try (var stream = new BufferedOutputStream(Files.newOutputStream(aside), 1 << 18)) {
        for (var part : split == null ? List.of(Split.values()) : List.of(split)) {
          lines +=
              switch (format) {
                case OPENAI -> conversations(version, part, stream);
                case TOKENS -> tokens(version, part, stream);
              };
        }
      }
      Durable.moveInto(aside, target);
    } catch (IOException e) {
      throw unwritable(e, out);
    } catch (UncheckedIOException e) {
      throw unwritable(Objects.requireNonNull(e.getCause()), out);
    } finally {
      aside.toFile().delete(); // what a failure left
    }
    return lines;
  }

  private static BadInput unwritable(IOException e, Path out) {
    return DiskFull.orUnchecked(e, out) instanceof BadInput full
        ? full
        : new BadInput(
            "--out cannot be written", out + " (" + e + ")", "Choose a folder of yours.", e);
  }

  private static long conversations(VersionFolder version, Split split, OutputStream out) {
    long[] lines = {0};
    version.forEach(
        split,
        c -> {
          try {
            out.write(ConversationJson.writeOpenAi(c));
            out.write('\n');
            lines[0]++;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    return lines[0];
  }

  private static long tokens(VersionFolder version, Split split, OutputStream out)
      throws IOException {
    try (var examples = version.examples(split)) {
      for (var example : examples) {
        var line = new StringBuilder("{\"input_ids\": ");
        line.append(Arrays.toString(example.ids()));
        line.append(", \"labels\": ").append(Arrays.toString(example.labels())).append("}\n");
        out.write(line.toString().getBytes(StandardCharsets.UTF_8));
      }
      return examples.size();
    }
  }
}
