package dev.lathe.app.openai;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files of a home: {@code files/ID/content}, and {@code file.json}, what is known of it. A
 * folder appears as a whole and forced to disk, or not at all; what begins with a dot was under way
 * when a process died. One process owns a home, so what is there is remembered.
 */
final class FileStore {
  private static final Logger log = LoggerFactory.getLogger(FileStore.class);
  private static final String PREFIX = "file";
  private static final String CONTENT = "content";
  private static final String DESCRIPTION = "file.json";

  private final Path folder;
  private final Clock clock;
  private final Map<String, StoredFile> files = new ConcurrentHashMap<>();

  /**
   * @param folder {@code home/files}; nothing is touched before {@link #recover}
   */
  FileStore(Path folder, Clock clock) {
    this.folder = folder;
    this.clock = clock;
  }

  /** What is told of a file once all of it is there; {@code expiresAt} null for never. */
  record Described(String filename, Purpose purpose, @Nullable Instant expiresAt) {}

  /** Writes a file's bytes. */
  @FunctionalInterface
  interface Content {
    Described into(Path file) throws IOException;
  }

  /** Clears away what a killed process left half written, and what has expired. */
  void recover() {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var folders = Files.list(folder)) {
      for (var entry : folders.toList()) {
        var name = String.valueOf(entry.getFileName());
        if (name.startsWith(".")) {
          Durable.deleteTree(entry);
        } else if (Ids.valid(PREFIX, name)) {
          remember(entry);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
    expire();
  }

  private void remember(Path entry) {
    try {
      var file =
          JsonMapper.shared()
              .readValue(Files.readAllBytes(entry.resolve(DESCRIPTION)), StoredFile.class);
      files.put(file.id(), file);
    } catch (IOException | JacksonException e) {
      log.warn("{} cannot be read and is left out: {}", entry, e.getMessage());
    }
  }

  /**
   * Takes a file in; when it returns, a power cut does not lose it.
   *
   * @throws dev.lathe.checkpoints.input.BadInput when the disk is full; then nothing of it is left
   */
  StoredFile add(Content content) {
    var now = clock.instant();
    var id = Ids.next(PREFIX, now);
    var made = new ArrayList<StoredFile>(1);
    Durable.newFolder(
        folder.resolve(id),
        aside -> {
          var bytes = aside.resolve(CONTENT);
          var told = content.into(bytes);
          var file =
              new StoredFile(
                  id, Files.size(bytes), now, told.filename(), told.purpose(), told.expiresAt());
          Files.write(aside.resolve(DESCRIPTION), JsonMapper.shared().writeValueAsBytes(file));
          made.add(file);
        });
    files.put(id, made.getFirst());
    return made.getFirst();
  }

  Optional<StoredFile> find(String id) {
    return Optional.ofNullable(files.get(id)).filter(f -> !f.isExpired(clock.instant()));
  }

  /**
   * @throws WireError 404 when there is none
   */
  StoredFile require(String id) {
    return find(id)
        .orElseThrow(
            () ->
                new WireError(
                    404,
                    "invalid_request_error",
                    "id",
                    "file_not_found",
                    "There is no file '" + id + "'. GET /v1/files lists all.",
                    null));
  }

  /** Where its bytes lie. */
  Path content(StoredFile file) {
    return folder.resolve(file.id()).resolve(CONTENT);
  }

  /** All of them, or those of a purpose, oldest first. */
  List<StoredFile> list(@Nullable String purpose) {
    expire();
    return files.values().stream()
        .filter(f -> purpose == null || f.purpose().wire().equals(purpose))
        .sorted(Comparator.comparing(StoredFile::id))
        .toList();
  }

  /** Gone at once for everybody who asks, then from the disk. */
  void delete(StoredFile file) {
    if (files.remove(file.id()) == null) {
      return; // somebody else was faster
    }
    var aside = folder.resolve("." + file.id() + ".deleted");
    try {
      Durable.moveInto(folder.resolve(file.id()), aside);
      Durable.deleteTree(aside);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + file.id() + ": " + e.getMessage(), e);
    }
  }

  private void expire() {
    var now = clock.instant();
    files.values().stream().filter(f -> f.isExpired(now)).toList().forEach(this::delete);
  }
}
