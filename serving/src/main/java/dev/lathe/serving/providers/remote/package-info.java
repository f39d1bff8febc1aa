/** Asking servers, far ones and the engines on this machine alike; each kind in its dialect. */
@NullMarked
package dev.lathe.serving.providers.remote;

import org.jspecify.annotations.NullMarked;
