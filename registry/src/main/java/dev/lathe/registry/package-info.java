@NullMarked
package dev.lathe.registry;

import org.jspecify.annotations.NullMarked;
