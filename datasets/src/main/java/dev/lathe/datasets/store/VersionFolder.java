package dev.lathe.datasets.store;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.tokens.ShardReader;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;

/** What lies where in a version's folder. */
public record VersionFolder(Path path) {
  public Path manifest() {
    return path.resolve("manifest.json");
  }

  /** The card for people. */
  public Path card() {
    return path.resolve("README.md");
  }

  /** One {@link dev.lathe.datasets.cleaning.Drop} a line. */
  public Path drops() {
    return path.resolve("drops.jsonl");
  }

  /** The template that rendered it. */
  public Path template() {
    return path.resolve("chat_template.jinja");
  }

  public Path shard(Split split) {
    return path.resolve("examples").resolve(split.wire() + ".shard");
  }

  /** Cleaned conversations, {@link ConversationJson} lines. */
  public Path conversations(Split split) {
    return path.resolve("conversations").resolve(split.wire() + ".jsonl.gz");
  }

  /** The caller closes it. */
  public ShardReader examples(Split split) {
    return ShardReader.open(shard(split));
  }

  /** Every cleaned conversation of a split, in its order. */
  public void forEach(Split split, Consumer<Conversation> action) {
    try (var reader = lines(split)) {
      for (var line = reader.readLine(); line != null; line = reader.readLine()) {
        action.accept(ConversationJson.read(line.getBytes(StandardCharsets.UTF_8)));
      }
    } catch (IOException e) {
      throw new BadInput(
          "a damaged dataset version", conversations(split).toString(), "Build it again.", e);
    }
  }

  private BufferedReader lines(Split split) throws IOException {
    var in = new BufferedInputStream(Files.newInputStream(conversations(split)));
    return new BufferedReader(
        new InputStreamReader(new GZIPInputStream(in, 1 << 16), StandardCharsets.UTF_8));
  }

  /** Of all files. */
  public long bytes() {
    try (var files = Files.walk(path)) {
      return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
