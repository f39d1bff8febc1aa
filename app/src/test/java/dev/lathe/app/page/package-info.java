/** The dashboard, as a browser and as a program sees it. */
@NullMarked
package dev.lathe.app.page;

import org.jspecify.annotations.NullMarked;
