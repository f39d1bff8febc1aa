/** The dashboard's files and the headers they are served with. */
@NullMarked
package dev.lathe.app.page;

import org.jspecify.annotations.NullMarked;
