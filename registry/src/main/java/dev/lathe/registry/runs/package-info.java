/** What is known of training runs: state, metrics and events, imported from their journals. */
@NullMarked
package dev.lathe.registry.runs;

import org.jspecify.annotations.NullMarked;
