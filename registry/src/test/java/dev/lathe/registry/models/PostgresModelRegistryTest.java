package dev.lathe.registry.models;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;

class PostgresModelRegistryTest extends ModelRegistryContract {
  @Override
  TestDatabase fresh(Path folder) {
    return TestDatabase.postgres();
  }
}
