/**
 * What the dialects that are not OpenAI's share: taking a request apart, putting an answer
 * together.
 */
@NullMarked
package dev.lathe.serving.providers.remote.translation;

import org.jspecify.annotations.NullMarked;
