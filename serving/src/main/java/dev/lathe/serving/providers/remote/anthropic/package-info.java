/** Anthropic's messages API (https://docs.claude.com/en/api/messages). */
@NullMarked
package dev.lathe.serving.providers.remote.anthropic;

import org.jspecify.annotations.NullMarked;
