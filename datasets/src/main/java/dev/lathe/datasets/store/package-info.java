/** Dataset versions: immutable folders named by their content, with manifest, card and diff. */
@NullMarked
package dev.lathe.datasets.store;

import org.jspecify.annotations.NullMarked;
