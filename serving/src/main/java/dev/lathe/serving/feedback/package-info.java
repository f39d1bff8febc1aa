/** What users say of answers. */
@NullMarked
package dev.lathe.serving.feedback;

import org.jspecify.annotations.NullMarked;
