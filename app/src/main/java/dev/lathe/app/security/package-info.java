/** Who may speak to the owner. */
@NullMarked
package dev.lathe.app.security;

import org.jspecify.annotations.NullMarked;
