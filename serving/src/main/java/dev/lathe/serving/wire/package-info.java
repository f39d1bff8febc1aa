/** OpenAI's requests, answers, events and errors, as bytes and as what we need to know of them. */
@NullMarked
package dev.lathe.serving.wire;

import org.jspecify.annotations.NullMarked;
