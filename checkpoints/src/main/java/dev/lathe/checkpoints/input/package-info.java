/** What a user got wrong, said clearly. Every module may use this room. */
@NullMarked
package dev.lathe.checkpoints.input;

import org.jspecify.annotations.NullMarked;
