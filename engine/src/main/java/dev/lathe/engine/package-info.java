@NullMarked
package dev.lathe.engine;

import org.jspecify.annotations.NullMarked;
