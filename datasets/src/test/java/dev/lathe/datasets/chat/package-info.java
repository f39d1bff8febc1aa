/** Tests. */
@NullMarked
package dev.lathe.datasets.chat;

import org.jspecify.annotations.NullMarked;
