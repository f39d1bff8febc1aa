/** The process that owns a home: its lock, its record, and how others reach it. */
@NullMarked
package dev.lathe.app.owner;

import org.jspecify.annotations.NullMarked;
