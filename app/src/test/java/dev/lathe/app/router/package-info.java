/** The router, from outside, with stand-ins for its upstreams. */
@NullMarked
package dev.lathe.app.router;

import org.jspecify.annotations.NullMarked;
