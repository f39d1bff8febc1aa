package dev.lathe.registry.models;

import dev.lathe.registry.TestDatabase;
import java.nio.file.Path;

class H2ModelRegistryTest extends ModelRegistryContract {
  @Override
  TestDatabase fresh(Path folder) {
    return TestDatabase.h2(folder);
  }
}
