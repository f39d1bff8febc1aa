/** Which target a request goes to first, which ones after it, and why: pure decisions. */
@NullMarked
package dev.lathe.serving.routing.strategy;

import org.jspecify.annotations.NullMarked;
