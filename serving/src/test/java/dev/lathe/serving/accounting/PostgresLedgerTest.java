package dev.lathe.serving.accounting;

import dev.lathe.serving.experiments.Database;

class PostgresLedgerTest extends LedgerContract {
  @Override
  Database database() {
    return Database.postgres();
  }
}
