/** Answers of a given form: JSON, and JSON of a given schema. */
@NullMarked
package dev.lathe.serving.providers.llama.grammar;

import org.jspecify.annotations.NullMarked;
