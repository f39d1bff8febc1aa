/** OpenAI's own API, which most servers speak: bytes that pass through. */
@NullMarked
package dev.lathe.serving.providers.remote.openai;

import org.jspecify.annotations.NullMarked;
