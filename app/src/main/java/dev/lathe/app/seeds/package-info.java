/** The API under {@code /api/ai} that five older systems had, over today's router. */
@NullMarked
package dev.lathe.app.seeds;

import org.jspecify.annotations.NullMarked;
