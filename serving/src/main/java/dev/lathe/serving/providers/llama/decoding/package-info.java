/** From prompt ids to answers: slots that share the model's steps, sampling, stop strings. */
@NullMarked
package dev.lathe.serving.providers.llama.decoding;

import org.jspecify.annotations.NullMarked;
