/**
 * GGUF files: llama.cpp's container of tensors and metadata, read through a memory map and written.
 */
@NullMarked
package dev.lathe.checkpoints.gguf;

import org.jspecify.annotations.NullMarked;
