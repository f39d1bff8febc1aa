/** The HTTP API, a room a controller. */
@NullMarked
package dev.lathe.app.api;

import org.jspecify.annotations.NullMarked;
