/** Conversations, until they are token shards. Plain Java. */
@NullMarked
package dev.lathe.datasets;

import org.jspecify.annotations.NullMarked;
