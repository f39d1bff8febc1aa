/** Asking servers that speak OpenAI's API, far ones and the engines on this machine alike. */
@NullMarked
package dev.lathe.serving.providers.remote;

import org.jspecify.annotations.NullMarked;
