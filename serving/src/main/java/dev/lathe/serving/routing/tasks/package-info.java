/** What kind of work a request is, and how hard: what strategies decide by. */
@NullMarked
package dev.lathe.serving.routing.tasks;

import org.jspecify.annotations.NullMarked;
