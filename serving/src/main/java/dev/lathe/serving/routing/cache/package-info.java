/** Answers that are given again. */
@NullMarked
package dev.lathe.serving.routing.cache;

import org.jspecify.annotations.NullMarked;
