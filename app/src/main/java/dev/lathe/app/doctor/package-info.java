/** What the machine offers, what is missing, and how to mend it. */
@NullMarked
package dev.lathe.app.doctor;

import org.jspecify.annotations.NullMarked;
