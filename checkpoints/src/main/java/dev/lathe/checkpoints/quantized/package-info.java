/** Block codecs: how tensors are packed in files, unpacked to numbers. */
@NullMarked
package dev.lathe.checkpoints.quantized;

import org.jspecify.annotations.NullMarked;
