@NullMarked
package dev.lathe.app.openai;

import org.jspecify.annotations.NullMarked;
