/** The demonstration: what it is made of and how its outcome is judged. */
@NullMarked
package dev.lathe.app.demo;

import org.jspecify.annotations.NullMarked;
