package dev.lathe.app.api;

import org.jspecify.annotations.Nullable;

/**
 * How to go on from the last checkpoint.
 *
 * @param inexact whether another machine, whose bits differ, will do; not when left out
 */
record Resume(@Nullable Boolean inexact) {
  boolean isInexact() {
    return Boolean.TRUE.equals(inexact);
  }
}
