package dev.lathe.checkpoints.bases;

import java.nio.file.Path;

/** Opens the weight files of a base's folder. */
final class BaseFiles {
  private BaseFiles() {}

  static Weights open(Path folder, ModelConfig config) {
    throw new UnsupportedOperationException();
  }
}
