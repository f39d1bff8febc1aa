/** Evaluation suites: fixed prompts, rules and judges that score a target's answers to them. */
@NullMarked
package dev.lathe.pipelines.suites;

import org.jspecify.annotations.NullMarked;
