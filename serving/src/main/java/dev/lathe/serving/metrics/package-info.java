/** What is measured, for whoever scrapes or collects it. */
@NullMarked
package dev.lathe.serving.metrics;

import org.jspecify.annotations.NullMarked;
