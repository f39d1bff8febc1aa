package dev.lathe.app.cli;

import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.HomeServer;
import dev.lathe.app.owner.OwnerClient;
import java.util.Map;

/** What every command works with. */
public record Session(
    Home home, HomeServer server, Terminal terminal, Map<String, String> environment) {
  /** A client of the home's owner; this process becomes the owner when there is none. */
  OwnerClient connect() {
    return new OwnerClient(home, server);
  }
}
