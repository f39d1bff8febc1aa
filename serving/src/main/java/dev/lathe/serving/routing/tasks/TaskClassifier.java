package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;

/** Tells what a request asks for. Pure: the same request, the same answer; no input or output. */
@FunctionalInterface
public interface TaskClassifier {
  Assessment assess(ChatRequest request);
}
