/** The model's TorchScript text, and the archive that DJL and Python's torch.jit.load both open. */
@NullMarked
package dev.lathe.engine.program;

import org.jspecify.annotations.NullMarked;
