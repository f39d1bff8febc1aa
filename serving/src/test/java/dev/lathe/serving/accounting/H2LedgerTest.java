package dev.lathe.serving.accounting;

import dev.lathe.serving.experiments.Database;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class H2LedgerTest extends LedgerContract {
  @TempDir Path folder;

  @Override
  Database database() {
    return Database.h2(folder.resolve("lathe"));
  }
}
