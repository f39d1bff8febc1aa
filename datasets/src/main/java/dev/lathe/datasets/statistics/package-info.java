/** What a dataset version is like: lengths, turns, roles, sources, labels, feedback (Tablesaw). */
@NullMarked
package dev.lathe.datasets.statistics;

import org.jspecify.annotations.NullMarked;
