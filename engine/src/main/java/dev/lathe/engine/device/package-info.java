/** What this machine computes with. */
@NullMarked
package dev.lathe.engine.device;

import org.jspecify.annotations.NullMarked;
