/**
 * Where a request can be answered: remote providers, and local engines that speak their language.
 */
@NullMarked
package dev.lathe.serving.providers;

import org.jspecify.annotations.NullMarked;
