/** Aliases, gates and the history of who promoted what. */
@NullMarked
package dev.lathe.registry.promotion;

import org.jspecify.annotations.NullMarked;
