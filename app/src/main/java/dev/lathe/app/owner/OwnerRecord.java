package dev.lathe.app.owner;

import dev.lathe.pipelines.supervision.ProcessIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code owner.json} says: who owns the home and how to reach it. Only its user may read it,
 * for the token is the key to the home.
 *
 * @param startedAt start of that process, milliseconds since the epoch: with {@code pid} it names
 *     one process, however often the number was given out
 * @param mark see {@link ProcessIdentity}
 */
public record OwnerRecord(
    long pid, long startedAt, @Nullable String mark, URI address, String token) {

  static OwnerRecord ofThisProcess(URI address, String token) {
    var self = ProcessIdentity.current();
    return new OwnerRecord(self.pid(), self.startedAt(), self.mark(), address, token);
  }

  /** Empty when there is none, or when it is half written or not ours to read. */
  static Optional<OwnerRecord> read(Path file) {
    try {
      return Optional.of(JsonMapper.shared().readValue(Files.readAllBytes(file), OwnerRecord.class))
          .filter(r -> r.address != null && r.token != null);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | JacksonException e) {
      return Optional.empty();
    }
  }

  /** Replaces the file atomically; it is never readable by others, not even for a moment. */
  void write(Path file) {
    try {
      var aside = file.resolveSibling(".owner.json." + pid);
      Files.deleteIfExists(aside);
      Files.createFile(
          aside,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(aside, JsonMapper.shared().writeValueAsBytes(this));
      Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  /** Whether that very process lives, and not another one with its number. */
  public boolean isAlive() {
    return new ProcessIdentity(pid, startedAt, mark).alive();
  }
}
