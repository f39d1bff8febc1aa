@NullMarked
package dev.lathe.app;

import org.jspecify.annotations.NullMarked;
