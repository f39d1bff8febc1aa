package dev.lathe.app.owner;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a home is served.
 *
 * @param token what every request must bear, unless the door is open
 * @param port 0 for any free one
 * @param open whether every program on this machine may ask without the token
 * @param configuration {@code lathe.yaml}; null for the home's own, if there is one
 */
public record Door(String token, int port, boolean open, @Nullable Path configuration) {
  /** For the bearers of the token only. */
  public static Door closed(String token, int port) {
    return new Door(token, port, false, null);
  }

  @Override
  public String toString() {
    return "Door[port=" + port + ", open=" + open + "]";
  }
}
