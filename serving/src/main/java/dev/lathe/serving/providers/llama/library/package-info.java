/** llama.cpp as the library inside de.kherud:llama exports it, called through the JDK's linker. */
@NullMarked
package dev.lathe.serving.providers.llama.library;

import org.jspecify.annotations.NullMarked;
