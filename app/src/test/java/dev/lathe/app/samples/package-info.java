/** The sample logs hold what their README says they hold. */
@NullMarked
package dev.lathe.app.samples;

import org.jspecify.annotations.NullMarked;
