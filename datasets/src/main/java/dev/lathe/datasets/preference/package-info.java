/** Judged answers: what of a conversation is context and what is answer, and pairs of answers. */
@NullMarked
package dev.lathe.datasets.preference;

import org.jspecify.annotations.NullMarked;
