/** From the name of a model to what answers for it, and the way through it. */
@NullMarked
package dev.lathe.serving.routing;

import org.jspecify.annotations.NullMarked;
