/** Cleaning: one rule a class, each with a name that drops and cards are counted under. */
@NullMarked
package dev.lathe.datasets.cleaning;

import org.jspecify.annotations.NullMarked;
