package dev.lathe.registry.promotion;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;

class PostgresAliasesTest extends AliasesContract {
  @Override
  TestDatabase fresh(Path folder) {
    return TestDatabase.postgres();
  }
}
