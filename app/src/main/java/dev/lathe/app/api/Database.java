package dev.lathe.app.api;

import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.input.BadInput;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the registry lies: in a file of the home, or in the PostgreSQL that {@code
 * LATHE_DATABASE_URL} names.
 *
 * @param shared whether other servers may change it too
 */
record Database(String url, @Nullable String user, @Nullable String password, boolean shared) {
  private static final String URL = "LATHE_DATABASE_URL";
  private static final String USER = "LATHE_DATABASE_USER";
  private static final String PASSWORD = "LATHE_DATABASE_PASSWORD";
  private static final String JDBC = "jdbc:postgresql:";

  /**
   * @throws BadInput when the URL names no PostgreSQL
   */
  static Database of(Map<String, String> environment, Home home) {
    var given = environment.getOrDefault(URL, "").strip();
    if (given.isEmpty()) {
      // Without the first two H2 may lose what it has acknowledged when the process is killed.
      return new Database(
          "jdbc:h2:file:"
              + home.database().resolve("lathe").toAbsolutePath()
              + ";WRITE_DELAY=0;RETENTION_TIME=0;DB_CLOSE_ON_EXIT=FALSE",
          "sa",
          "",
          false);
    }
    var user = environment.get(USER);
    var password = environment.get(PASSWORD);
    return given.startsWith(JDBC)
        ? new Database(given, user, password, true)
        : plain(given, user, password);
  }

  /** {@code postgresql://user:password@host:port/database}, as other programs want it. */
  private static Database plain(String given, @Nullable String user, @Nullable String password) {
    try {
      var uri = new URI(given);
      var scheme = String.valueOf(uri.getScheme());
      if (uri.getHost() == null || !scheme.matches("postgres(ql)?")) {
        throw notOne(given);
      }
      var login = uri.getUserInfo() == null ? "" : uri.getUserInfo();
      int colon = login.indexOf(':');
      var name = colon < 0 ? login : login.substring(0, colon);
      return new Database(
          JDBC
              + "//"
              + uri.getHost()
              + (uri.getPort() < 0 ? "" : ":" + uri.getPort())
              + uri.getRawPath()
              + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery()),
          user != null || name.isEmpty() ? user : name,
          password != null || colon < 0 ? password : login.substring(colon + 1),
          true);
    } catch (URISyntaxException e) {
      throw notOne(given);
    }
  }

  private static BadInput notOne(String given) {
    return new BadInput(
        URL + " names no PostgreSQL",
        withoutSecrets(given),
        "Write jdbc:postgresql://HOST:PORT/DATABASE, or unset it for the home's own database.");
  }

  /** Spring's settings of it. */
  Map<String, Object> properties() {
    var p = new LinkedHashMap<String, Object>();
    p.put("spring.datasource.url", url);
    if (user != null) {
      p.put("spring.datasource.username", user);
    }
    if (password != null) {
      p.put("spring.datasource.password", password);
    }
    p.put("spring.datasource.hikari.maximum-pool-size", shared ? "8" : "4");
    p.put("spring.datasource.hikari.minimum-idle", "1");
    return p;
  }

  /** What to say when the context did not start: null when it was not the database's fault. */
  @Nullable BadInput failure(Throwable thrown) {
    if (!shared) {
      return null;
    }
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      if (t instanceof java.sql.SQLException e) {
        return new BadInput(
            "the database of " + URL + " cannot be used (" + oneLine(e.getMessage()) + ")",
            withoutSecrets(url),
            "See that it runs, that the database exists, and " + USER + " and " + PASSWORD + ".",
            thrown);
      }
    }
    return null;
  }

  private static String oneLine(@Nullable String text) {
    return String.valueOf(text).replaceAll("\\s+", " ").strip();
  }

  private static String withoutSecrets(String text) {
    return text.replaceAll("//[^/@]*@", "//").replaceAll("\\?.*", "");
  }
}
