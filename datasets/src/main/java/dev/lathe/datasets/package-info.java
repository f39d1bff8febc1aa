@NullMarked
package dev.lathe.datasets;

import org.jspecify.annotations.NullMarked;
