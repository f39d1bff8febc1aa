/** Ollama's own API (https://docs.ollama.com/api/chat). */
@NullMarked
package dev.lathe.serving.providers.remote.ollama;

import org.jspecify.annotations.NullMarked;
