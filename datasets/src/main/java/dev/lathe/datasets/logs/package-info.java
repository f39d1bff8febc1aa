/** Conversation logs, read as streams: one reader a format, sniffed, broken lines reported. */
@NullMarked
package dev.lathe.datasets.logs;

import org.jspecify.annotations.NullMarked;
