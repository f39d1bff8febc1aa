package dev.lathe.pipelines.supervision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Whether a home has a living owner, as its owner.json says. A run process asks between steps and
 * ends at a checkpoint when nobody has owned its home for some time: it outlives no owner for long.
 */
public final class OwnerPresence {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path ownerFile;
  private long lastSeen = System.nanoTime();
  private long lastLook = Long.MIN_VALUE;

  /**
   * @param home the folder that holds runs/ and owner.json
   */
  public OwnerPresence(Path home) {
    this.ownerFile = home.resolve("owner.json");
  }

  /**
   * How long no living owner was seen; looks at most once a second, so that it can be asked often.
   */
  public synchronized Duration absent() {
    long now = System.nanoTime();
    if (lastLook == Long.MIN_VALUE || now - lastLook >= 1_000_000_000L) {
      lastLook = now;
      if (present()) {
        lastSeen = now;
      }
    }
    return Duration.ofNanos(now - lastSeen);
  }

  /** Looks now. */
  public boolean present() {
    try {
      var owner = JSON.readTree(Files.readAllBytes(ownerFile));
      var mark = owner.path("mark");
      return new ProcessIdentity(
              owner.path("pid").asLong(-1),
              owner.path("startedAt").asLong(0),
              mark.isString() ? mark.asString() : null)
          .alive();
    } catch (IOException | JacksonException e) {
      return false;
    }
  }
}
