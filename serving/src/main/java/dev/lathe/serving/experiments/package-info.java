/**
 * A/B experiments: who is answered by which arm, and what can be said of the arms, at any time and
 * however often one looks.
 */
@NullMarked
package dev.lathe.serving.experiments;

import org.jspecify.annotations.NullMarked;
