package dev.lathe.registry;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * A fresh database with the product's schema, of one of the two kinds that the product runs on.
 * Each {@link #connect} is a server of its own as far as the database can tell.
 */
public final class TestDatabase implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static @Nullable EmbeddedPostgres postgres;
  private static byte @Nullable [] h2;

  private final String url;
  private final String user;
  private final List<HikariDataSource> pools = new ArrayList<>();

  private TestDatabase(String url, String user) {
    this.url = url;
    this.user = user;
  }

  /** As the product opens it, durability settings included. */
  public static TestDatabase h2(Path folder) {
    var file = folder.resolve("lathe" + COUNT.incrementAndGet());
    try {
      Files.write(file.resolveSibling(file.getFileName() + ".mv.db"), migratedH2(folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new TestDatabase(h2Url(file), "sa");
  }

  /** Migrating takes longer than most tests: it is done once, and copied. */
  private static synchronized byte[] migratedH2(Path folder) throws IOException {
    if (h2 == null) {
      Flyway.configure().dataSource(h2Url(folder.resolve("first")), "sa", "").load().migrate();
      h2 = Files.readAllBytes(folder.resolve("first.mv.db"));
    }
    return h2;
  }

  public static String h2Url(Path file) {
    return "jdbc:h2:file:"
        + file.toAbsolutePath()
        + ";WRITE_DELAY=0;RETENTION_TIME=0;DB_CLOSE_ON_EXIT=FALSE";
  }

  /**
   * A real PostgreSQL that the tests start. As root the library runs it in a user namespace of its
   * own; where the machine forbids that, the test says so and is skipped.
   */
  public static TestDatabase postgres() {
    var server = server();
    var name = "lathe" + COUNT.incrementAndGet();
    try (var connection = server.getPostgresDatabase().getConnection();
        var statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name + " TEMPLATE first");
    } catch (SQLException e) {
      throw new IllegalStateException("cannot create " + name, e);
    }
    return new TestDatabase(server.getJdbcUrl("postgres", name), "postgres");
  }

  private static synchronized EmbeddedPostgres server() {
    if (postgres == null) {
      try {
        postgres = EmbeddedPostgres.builder().start();
        try (var connection = postgres.getPostgresDatabase().getConnection();
            var statement = connection.createStatement()) {
          statement.execute("CREATE DATABASE first");
        }
        Flyway.configure().dataSource(postgres.getDatabase("postgres", "first")).load().migrate();
      } catch (IOException | SQLException | IllegalStateException e) {
        System.err.println("PostgreSQL cannot be started here, its tests are skipped: " + e);
        throw new TestAbortedException("PostgreSQL cannot be started here", e);
      }
    }
    return postgres;
  }

  /** One server's connections. */
  public record Connected(
      DataSource source,
      JdbcClient client,
      JdbcTemplate template,
      PlatformTransactionManager transactions) {
    Connected(DataSource source) {
      this(
          source,
          JdbcClient.create(source),
          new JdbcTemplate(source),
          new DataSourceTransactionManager(source));
    }
  }

  public Connected connect() {
    return new Connected(pool());
  }

  private HikariDataSource pool() {
    var pool = new HikariDataSource();
    pool.setJdbcUrl(url);
    pool.setUsername(user);
    pool.setPassword("");
    pool.setMaximumPoolSize(4);
    pool.setMinimumIdle(1);
    pools.add(pool);
    return pool;
  }

  @Override
  public void close() {
    pools.forEach(HikariDataSource::close);
  }
}
