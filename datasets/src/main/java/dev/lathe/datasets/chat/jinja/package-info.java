/**
 * A small Jinja: what chat templates use of it, with the semantics and the output of Python's, in
 * the environment that Hugging Face transformers sets up ({@code trim_blocks}, {@code
 * lstrip_blocks}, immutable sandbox, loop controls, generation blocks). A template is untrusted: it
 * reaches nothing but the values given to it, and its work and output are bounded.
 */
@NullMarked
package dev.lathe.datasets.chat.jinja;

import org.jspecify.annotations.NullMarked;
