/**
 * Chat templates: a conversation as the text that a base was trained on, and which of its
 * characters the model is to learn.
 */
@NullMarked
package dev.lathe.datasets.chat;

import org.jspecify.annotations.NullMarked;
