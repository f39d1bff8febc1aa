/** Files that survive a crash, and their hashes. Every module may use this room. */
@NullMarked
package dev.lathe.checkpoints.files;

import org.jspecify.annotations.NullMarked;
