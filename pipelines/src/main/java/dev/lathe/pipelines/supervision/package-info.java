/** Run processes and what they leave: directory, lock, journal, checkpoints' place. */
@NullMarked
package dev.lathe.pipelines.supervision;

import org.jspecify.annotations.NullMarked;
