package dev.lathe.serving.experiments;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;

/** Connections to a database with the product's schema. */
public record Database(
    HikariDataSource pool, JdbcClient jdbc, PlatformTransactionManager transactions)
    implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static @Nullable EmbeddedPostgres postgres;

  /** A file as the product opens it, durability settings included. */
  public static Database h2(Path file) {
    return open(
        "jdbc:h2:file:"
            + file.toAbsolutePath()
            + ";WRITE_DELAY=0;RETENTION_TIME=0;DB_CLOSE_ON_EXIT=FALSE",
        "sa");
  }

  /** A new database on a real PostgreSQL; where none can be started its tests say so and skip. */
  public static Database postgres() {
    var server = server();
    var name = "lathe" + COUNT.incrementAndGet();
    try (var connection = server.getPostgresDatabase().getConnection();
        var statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    } catch (SQLException e) {
      throw new IllegalStateException("cannot create " + name, e);
    }
    return open(server.getJdbcUrl("postgres", name), "postgres");
  }

  /** Further connections to the same one, as another server has them. */
  public Database again() {
    return open(pool.getJdbcUrl(), pool.getUsername());
  }

  private static synchronized EmbeddedPostgres server() {
    if (postgres == null) {
      try {
        postgres = EmbeddedPostgres.builder().start();
      } catch (IOException | IllegalStateException e) {
        System.err.println("PostgreSQL cannot be started here, its tests are skipped: " + e);
        throw new TestAbortedException("PostgreSQL cannot be started here", e);
      }
    }
    return postgres;
  }

  private static Database open(String url, String user) {
    var pool = new HikariDataSource();
    pool.setJdbcUrl(url);
    pool.setUsername(user);
    pool.setPassword("");
    pool.setMaximumPoolSize(4);
    Flyway.configure().dataSource(pool).load().migrate();
    return new Database(pool, JdbcClient.create(pool), new DataSourceTransactionManager(pool));
  }

  @Override
  public void close() {
    pool.close();
  }
}
