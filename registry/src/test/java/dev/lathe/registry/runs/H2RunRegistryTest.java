package dev.lathe.registry.runs;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;

class H2RunRegistryTest extends RunRegistryContract {
  @Override
  TestDatabase fresh(Path folder) {
    return TestDatabase.h2(folder);
  }
}
