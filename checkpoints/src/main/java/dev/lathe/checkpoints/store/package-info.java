/** Checkpoints that a crash cannot leave half done: the newest valid one wins. */
@NullMarked
package dev.lathe.checkpoints.store;

import org.jspecify.annotations.NullMarked;
