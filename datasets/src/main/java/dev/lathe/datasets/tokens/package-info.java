/**
 * Text as token ids: tokenizers, loss masks, truncation, packing, and the shards they are kept in.
 */
@NullMarked
package dev.lathe.datasets.tokens;

import org.jspecify.annotations.NullMarked;
