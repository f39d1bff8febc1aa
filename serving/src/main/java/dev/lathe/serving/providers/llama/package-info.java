/** The bundled local engine: a child JVM a model that speaks llama-server's protocol. */
@NullMarked
package dev.lathe.serving.providers.llama;

import org.jspecify.annotations.NullMarked;
