/** Tests. */
@NullMarked
package dev.lathe.datasets.tokens;

import org.jspecify.annotations.NullMarked;
