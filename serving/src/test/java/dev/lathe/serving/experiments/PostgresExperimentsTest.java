package dev.lathe.serving.experiments;

class PostgresExperimentsTest extends ExperimentsContract {
  @Override
  Database open() {
    return Database.postgres();
  }
}
