/** Forward, backward, generate. The only module that sees DJL PyTorch. */
@NullMarked
package dev.lathe.engine;

import org.jspecify.annotations.NullMarked;
