package dev.lathe.serving.experiments;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class H2ExperimentsTest extends ExperimentsContract {
  @TempDir Path folder;

  @Override
  Database open() {
    return Database.h2(folder.resolve("lathe"));
  }
}
