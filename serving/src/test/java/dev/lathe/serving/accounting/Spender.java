package dev.lathe.serving.accounting;

import dev.lathe.serving.experiments.Database;
import dev.lathe.serving.settings.LatheYaml;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * A process that spends until it is killed: it prints every answer's thousandths of a dollar before
 * the answer would be asked for.
 */
final class Spender {
  static final String YAML =
      """
      prices: {"paid:*": {per1kTokens: 1}}
      keys:
        shop: {secret: shop-shop-shop-shop, budgetUsd: {total: 1000000}}
      """;

  private Spender() {}

  static LatheYaml yaml() {
    return LatheYaml.of(
        new YAMLMapper().readValue(YAML, new TypeReference<Map<String, Object>>() {}), Map.of());
  }

  public static void main(String[] arguments) {
    var database = Database.h2(Path.of(arguments[0]));
    var log = new RequestLog(new JdbcTemplate(database.pool()), database.transactions());
    var keys = new Keyring(yaml().accounting().keys());
    var holds = new Holds(database.jdbc(), database.transactions());
    var ledger =
        new Ledger(log, Prices.of(yaml()), keys, holds, Clock.systemUTC(), null, List.of());
    for (int i = 0; ; i++) {
      int tokens = 1 + i % 9;
      var row = Rows.of("s-" + i, Clock.systemUTC().instant(), "paid", tokens, 200);
      var account = keys.find("shop-shop-shop-shop").orElseThrow();
      try (var admission = account.admit("any", () -> new Estimate(tokens, 0))) {
        ledger.hold(row, admission);
        ledger.begin(row);
        System.out.println(tokens);
        System.out.flush();
        ledger.record(row, admission, null);
      }
    }
  }
}
