/** OpenAI's files and fine-tuning jobs, over this home's datasets, runs and models. */
@NullMarked
package dev.lathe.app.openai;

import org.jspecify.annotations.NullMarked;
