package dev.lathe.registry.promotion;

import dev.lathe.registry.TestDatabase;
import dev.lathe.registry.audit.Decision;
import dev.lathe.registry.models.ModelRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.h2.jdbcx.JdbcConnectionPool;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;

/** Promotes two versions in turn for ever, and prints each promotion that was acknowledged. */
public final class PromoteMain {
  private PromoteMain() {}

  /**
   * @param arguments the database's file, and the folder of models with two versions in it
   */
  public static void main(String[] arguments) {
    var pool = JdbcConnectionPool.create(TestDatabase.h2Url(Path.of(arguments[0])), "sa", "");
    var jdbc = JdbcClient.create(pool);
    var transactions = new DataSourceTransactionManager(pool);
    var models = new ModelRegistry(jdbc, transactions, Path.of(arguments[1]), Clock.systemUTC());
    var aliases = new Aliases(jdbc, transactions, models, Clock.systemUTC());
    var versions = models.versions("support");
    var decision = new Decision("loop", "to be killed");
    for (int i = 0; ; i++) {
      var promotion =
          aliases.promote(
              new NewPromotion(
                  versions.get(i % 2),
                  "champion",
                  new Expectation.Anywhere(),
                  decision,
                  List.of(),
                  false));
      System.out.println(promotion.change() + " " + promotion.version());
    }
  }
}
