/** Text out: greedy decoding for a batch of prompts. */
@NullMarked
package dev.lathe.engine.generation;

import org.jspecify.annotations.NullMarked;
