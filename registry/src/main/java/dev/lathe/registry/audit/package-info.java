/** Who changed what, and why. */
@NullMarked
package dev.lathe.registry.audit;

import org.jspecify.annotations.NullMarked;
