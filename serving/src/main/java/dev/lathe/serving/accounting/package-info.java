/** What was asked, what answered, and what it took. */
@NullMarked
package dev.lathe.serving.accounting;

import org.jspecify.annotations.NullMarked;
