/** LoRA adapters as the directories that Hugging Face PEFT reads and writes. */
@NullMarked
package dev.lathe.checkpoints.adapters;

import org.jspecify.annotations.NullMarked;
