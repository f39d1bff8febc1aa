/** llama-server's HTTP protocol: a small server, and requests checked before they decode. */
@NullMarked
package dev.lathe.serving.providers.llama.protocol;

import org.jspecify.annotations.NullMarked;
