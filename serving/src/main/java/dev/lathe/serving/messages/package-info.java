/** Anthropic's messages API as a door of ours: any target answers behind it. */
@NullMarked
package dev.lathe.serving.messages;

import org.jspecify.annotations.NullMarked;
