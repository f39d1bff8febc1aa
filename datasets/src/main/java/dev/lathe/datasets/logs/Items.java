package dev.lathe.datasets.logs;

import java.io.Closeable;
import org.jspecify.annotations.Nullable;

/** The entries of an open file, one after another. */
interface Items extends Closeable {
  /** The next one, or null at the end. */
  @Nullable Item next();
}
