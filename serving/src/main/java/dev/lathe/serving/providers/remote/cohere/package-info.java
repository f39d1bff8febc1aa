/** Cohere's chat API, version 2 (https://docs.cohere.com/reference/chat). */
@NullMarked
package dev.lathe.serving.providers.remote.cohere;

import org.jspecify.annotations.NullMarked;
