@NullMarked
package dev.lathe.pipelines;

import org.jspecify.annotations.NullMarked;
