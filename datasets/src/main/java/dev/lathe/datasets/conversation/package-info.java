/** What a log holds, whatever its format: conversations, their messages and tool calls. */
@NullMarked
package dev.lathe.datasets.conversation;

import org.jspecify.annotations.NullMarked;
