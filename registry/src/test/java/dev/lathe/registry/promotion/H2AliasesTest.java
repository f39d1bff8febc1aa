package dev.lathe.registry.promotion;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;

class H2AliasesTest extends AliasesContract {
  @Override
  TestDatabase fresh(Path folder) {
    return TestDatabase.h2(folder);
  }
}
