/** Native arrays with a scope, and base weights on their way in. */
@NullMarked
package dev.lathe.engine.tensors;

import org.jspecify.annotations.NullMarked;
