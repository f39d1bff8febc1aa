/**
 * Safetensors files: Hugging Face's container of tensors, read through a memory map and written.
 */
@NullMarked
package dev.lathe.checkpoints.safetensors;

import org.jspecify.annotations.NullMarked;
