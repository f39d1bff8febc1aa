/** What {@code lathe.yaml} says, typed. */
@NullMarked
package dev.lathe.serving.settings;

import org.jspecify.annotations.NullMarked;
