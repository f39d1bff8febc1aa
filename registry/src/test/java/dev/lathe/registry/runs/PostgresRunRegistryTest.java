package dev.lathe.registry.runs;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;

class PostgresRunRegistryTest extends RunRegistryContract {
  @Override
  TestDatabase fresh(Path folder) {
    return TestDatabase.postgres();
  }
}
