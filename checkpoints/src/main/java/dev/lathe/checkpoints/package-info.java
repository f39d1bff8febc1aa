/** Bytes on disk: weights, adapters, bases and the crash-safe checkpoint. Plain Java. */
@NullMarked
package dev.lathe.checkpoints;

import org.jspecify.annotations.NullMarked;
