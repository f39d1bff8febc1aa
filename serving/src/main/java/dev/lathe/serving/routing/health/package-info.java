/** How targets fare: circuit breakers, cool-downs, latencies. */
@NullMarked
package dev.lathe.serving.routing.health;

import org.jspecify.annotations.NullMarked;
