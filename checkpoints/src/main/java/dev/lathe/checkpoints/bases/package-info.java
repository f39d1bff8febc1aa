/** Base models: catalogue, pull, verify, and one view of their weights whatever they came as. */
@NullMarked
package dev.lathe.checkpoints.bases;

import org.jspecify.annotations.NullMarked;
