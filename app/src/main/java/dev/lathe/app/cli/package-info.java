/** The command line: one class a command, and what they share. */
@NullMarked
package dev.lathe.app.cli;

import org.jspecify.annotations.NullMarked;
